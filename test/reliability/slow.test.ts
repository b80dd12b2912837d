import { expect, test } from 'bun:test'
import { cannotMeasure } from '../../reliability/server.ts'
import { behave, SLACK, settled, startQuiet, untilGivenUp } from './withstand.ts'

const slowhttptest = Bun.which('slowhttptest')
const isComplete = process.env['CI'] === 'true'
const reason = slowhttptest === null ? 'there is no slowhttptest on the path' : cannotMeasure
const why = reason === null ? '' : ` (skipped: ${reason})`

const CONNECTIONS = 500

/** All connections in the first second, and a bit more on each every second. It would go on for longer than the test, which ends it. */
const bounds = ['-c', CONNECTIONS, '-r', CONNECTIONS, '-i', 1, '-l', 600, '-x', 8].map(String)

/** Bodies come with a live session: without one the answer comes before the body, and slowhttptest hangs up. */
const attacks: Readonly<Record<string, (cookie: string) => readonly string[]>> = {
  'headers that never end': () => ['-H'],
  'small bodies that never end': (cookie) => ['-B', '-t', 'POST', '-s', '8192', '-j', cookie],
  'large bodies that never end': (cookie) => ['-B', '-t', 'POST', '-s', '65536', '-j', cookie],
}

for (const [says, modeOf] of Object.entries(attacks)) {
  test.skipIf(reason !== null && !isComplete)(
    `slowhttptest holds ${CONNECTIONS} connections with ${says}, and a client that behaves is answered all the while${why}`,
    async () => {
      const { server, cookie, guest, quiet } = await startQuiet()
      await using _ = server
      const command = [slowhttptest ?? 'slowhttptest', ...modeOf(guest), ...bounds]
      const attack = Bun.spawn([...command, '-u', `${server.url}/session/put`], {
        stdout: 'ignore',
        stderr: 'ignore',
      })
      try {
        const isHeld = () => server.measure().descriptors > quiet.descriptors + CONNECTIONS - SLACK
        await untilGivenUp(isHeld)
        for (let turn = 0; turn < 30; turn++) {
          await behave(server, cookie)
          expect([attack.exitCode, isHeld()]).toEqual([null, true])
        }
      } finally {
        attack.kill('SIGKILL')
      }
      await settled(server, quiet)
    },
  )
}

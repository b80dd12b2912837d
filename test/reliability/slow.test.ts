import { expect, setDefaultTimeout, test } from 'bun:test'
import { cannotMeasure } from '../../reliability/server.ts'
import { behave, SLACK, settled, startQuiet } from './withstand.ts'

setDefaultTimeout(180_000)

const slowhttptest = Bun.which('slowhttptest')
const isComplete = process.env['CI'] === 'true'
const reason = slowhttptest === null ? 'there is no slowhttptest on the path' : cannotMeasure
const why = reason === null ? '' : ` (skipped: ${reason})`

const CONNECTIONS = 500

/** All connections in the first second, a bit more on each every second, and an end after so many seconds, whatever happens. */
const SECONDS = 2
const bounds = ['-c', CONNECTIONS, '-r', CONNECTIONS, '-i', 1, '-l', SECONDS, '-x', 8].map(String)

const attacks: Readonly<Record<string, readonly string[]>> = {
  'headers that never end': ['-H'],
  'bodies that never end': ['-B', '-t', 'POST', '-s', '8192'],
}

for (const [says, mode] of Object.entries(attacks)) {
  test.skipIf(reason !== null && !isComplete)(
    `slowhttptest holds ${CONNECTIONS} connections with ${says}, and who behaves is answered all the while${why}`,
    async () => {
      const { server, cookie, quiet } = await startQuiet()
      await using _ = server
      const command = [slowhttptest ?? 'slowhttptest', ...mode, ...bounds, '-u', `${server.url}/session/put`]
      const attack = Bun.spawn(command, { stdout: 'ignore', stderr: 'ignore', timeout: 20_000 })
      let most = 0
      let turns = 0
      while (attack.exitCode === null && attack.signalCode === null) {
        await behave(server, cookie)
        turns++
        most = Math.max(most, server.measure().descriptors)
      }
      expect(attack.exitCode).toBe(0)
      expect(most).toBeGreaterThan(quiet.descriptors + CONNECTIONS - SLACK)
      expect(turns).toBeGreaterThan(20)
      await settled(server, quiet)
    },
  )
}

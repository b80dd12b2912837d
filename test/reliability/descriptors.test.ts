import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { cannotMeasure, type Observed, startObserved } from '../../reliability/server.ts'
import { ask } from '../../reliability/wire.ts'

const isSkipped = cannotMeasure !== null
const why = isSkipped ? ` (skipped: ${cannotMeasure})` : ''

/** Files and connections that the server may have open. */
const LIMIT = 256

/** Threads that hash at once, of which one has begun with the server. */
const HASHES = 4

/** How many it may still open: none, and enough for one thread to begin. */
for (const free of [0, 80])
  test.skipIf(isSkipped)(`a server that may open ${free} more files ends neither then nor later${why}`, () =>
    withstandLogins(free),
  )

async function withstandLogins(free: number): Promise<void> {
  await using server = await startObserved({
    toml: `[login]\nhashes-at-once = ${HASHES}\n`,
    under: ['sh', '-c', `ulimit -n ${LIMIT}; "$@"`, 'sh'],
  })
  const early = await Promise.all(Array.from({ length: HASHES + 1 }, () => open(server)))
  for (const each of early) await answerTo(each, 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n')
  const taken = LIMIT - free
  const more = free === 0 ? LIMIT : taken - server.measure().descriptors
  const idle = await Promise.all(Array.from({ length: more }, () => open(server)))
  while (server.measure().descriptors < taken) await Bun.sleep(5)
  const answers = await Promise.all(early.map((each, i) => answerTo(each, guess(`nobody-${i}`))))
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 (401|503) /)
  expect(answers.join()).toContain('"wrong_credentials"')
  for (const each of [...early, ...idle]) each.destroy()
  while (server.measure().descriptors > LIMIT / 2) await Bun.sleep(5)
  const after = await Promise.all(
    Array.from({ length: HASHES + 1 }, (_, i) =>
      ask(server.url, '/z_security_check', '', { z_username: `nobody-${i}`, z_password: 'a guess' }),
    ),
  )
  expect(after.map(({ status }) => status)).toEqual(Array(HASHES + 1).fill(401))
}

const open = ({ port }: Observed) =>
  new Promise<Socket>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => resolve(socket))
    socket.once('error', reject)
    // The server hangs up on what it has no room for.
    socket.on('error', () => {})
  })

const answerTo = (socket: Socket, request: string) =>
  new Promise<string>((resolve, reject) => {
    socket.once('data', (bytes) => resolve(String(bytes)))
    socket.once('close', () => reject(new Error('The server hung up.')))
    socket.write(request)
  })

function guess(uname: string): string {
  const body = `z_username=${uname}&z_password=a+guess`
  const headers = ['Host: x', 'Accept: application/json', 'Content-Type: application/x-www-form-urlencoded']
  return `POST /z_security_check HTTP/1.1\r\n${headers.join('\r\n')}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

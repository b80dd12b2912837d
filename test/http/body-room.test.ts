import { expect, test } from 'bun:test'
import { connect, type Socket } from 'node:net'
import { Refusal } from '../../src/errors.ts'
import { BodyRoom } from '../../src/http/body-room.ts'
import { logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** A room for 4,000 bytes, of which 1,000 are for small bodies, and a clock. */
function givenRoom() {
  const given = { now: 0, hungUp: [] as string[] }
  const { small, large } = new BodyRoom(4_000, () => given.now)
  const body = (name: string) => ({ begunAt: given.now, hangUp: () => void given.hungUp.push(name) })
  return Object.assign(given, { small, large, body })
}

test('bodies take room until they are answered, large ones none of that of small ones', () => {
  const { small, large, body } = givenRoom()
  const [a, b, c, d] = [body('a'), body('b'), body('c'), body('d')]
  large.take(a, 2_000)
  large.take(b, 1_000)
  expect(() => large.take(c, 1)).toThrow(Refusal)
  small.take(d, 1_000)
  large.keep(a)
  expect(() => large.take(c, 1)).toThrow('limits.bodies')
  large.give(a)
  large.take(c, 2_000)
  // What is given back twice, or was never taken, changes nothing.
  large.give(a)
  large.keep(a)
  expect(() => large.take(a, 1)).toThrow(Refusal)
})

test('a body that is larger than all room is received alone', () => {
  const { large, body } = givenRoom()
  const [a, b] = [body('a'), body('b')]
  large.take(a, 5_000)
  expect(() => large.take(b, 1)).toThrow(Refusal)
  large.give(a)
  large.take(b, 1)
  expect(() => large.take(a, 5_000)).toThrow(Refusal)
})

test('where there is no room the oldest that are not here yet are hung up on, as many as it takes', () => {
  const given = givenRoom()
  const { small, large, body } = given
  const here = body('here')
  large.take(here, 500)
  large.keep(here)
  large.take(body('oldest'), 1_000)
  large.take(body('older'), 1_000)
  given.now = 5_000
  large.take(body('young'), 500)
  given.now = 10_000
  large.take(body('new'), 1_500)
  expect(given.hungUp).toEqual(['oldest', 'older'])
  expect(() => large.take(body('newer'), 1_000)).toThrow(Refusal)
  expect(given.hungUp).toEqual(['oldest', 'older'])
  small.take(body('small'), 1_000)
  given.now += 100
  small.take(body('next'), 1_000)
  expect(given.hungUp).toEqual(['oldest', 'older', 'small'])
})

const MIB = 1_048_576
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'

/** Sends all but the last byte of a body over a connection, and resolves when so much has left. */
function sendUnfinished(server: TestServer, path: string, headers: string, bytes: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(server.port, '127.0.0.1')
    const head = `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}${FORM}Content-Length: ${bytes}\r\n\r\n`
    socket.on('error', reject)
    socket.resume()
    socket.write(head)
    socket.write(body.subarray(0, bytes - 1), () => resolve(socket))
  })
}
const body = Buffer.alloc(MIB, 'a')

test('unfinished requests without a login take no memory', async () => {
  await using server = await startServer({ store: 'memory:' })
  const dead = `Cookie: zsessionid=u${'A'.repeat(43)}\r\n`
  const open = async (count: number) => {
    const kinds = [
      ['/session/put', ''],
      ['/session/put', dead],
      ['/z_security_check', ''],
      ['/healthz', ''],
    ] as const
    const sockets: Socket[] = []
    for (let i = 0; i < count; i++) {
      const [path, headers] = kinds[i % kinds.length] ?? kinds[0]
      sockets.push(await sendUnfinished(server, path, headers, MIB))
    }
    return sockets
  }
  // What the runtime takes to get going is nobody's body.
  const sockets = await open(40)
  Bun.gc(true)
  const before = process.memoryUsage.rss()
  sockets.push(...(await open(300)))
  Bun.gc(true)
  const taken = process.memoryUsage.rss() - before
  for (const socket of sockets) socket.destroy()
  expect(taken).toBeLessThan(100 * MIB)
})

test('further large bodies are 503 while there is no room for them, and small ones and logins go on', async () => {
  const toml = '[limits]\nvalue = "64 KiB"\nbody = "64 KiB"\nbodies = "128 KiB"\n'
  await using server = await startServer({ store: 'memory:', toml })
  const client = await logIn(server)
  const cookie = `Cookie: ${client.cookie}\r\n`
  const first = await sendUnfinished(server, '/session/put', cookie, 60_000)
  const large = () => client.ask('/session/put', { a: 'v'.repeat(50_000) })
  // The first one may not have been looked at yet.
  let answer = await large()
  while (answer.status === 200) answer = await large()
  expect(answer.status).toBe(503)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0)
  expect(await answer.json()).toMatchObject({
    code: 'busy',
    detail: expect.stringContaining('limits.bodies'),
  })
  await client.json('/session/put', { small: '1' })
  await logIn(server)
  first.destroy()
  while (answer.status === 503) answer = await large()
  expect(answer.status).toBe(200)
})

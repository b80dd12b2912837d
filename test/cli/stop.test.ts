import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { MAIN, openPlace, type Place, type ServerProcess } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

/** Milliseconds that a stop may take by the contract. */
const LONGEST_STOP = 10_000

/** Fails unless the first server has ended before the second, which is stopped at the same moment and takes what a stop takes at most. */
async function expectEndBefore(server: ServerProcess, slower: ServerProcess): Promise<void> {
  const first = await Promise.race([server.ended.then(() => 'server'), slower.ended.then(() => 'slower')])
  expect(first).toBe('server')
  expect((await server.ended).code).toBe(0)
}

/** A connection that is open: what came in on it so far, and its end. */
interface Connection {
  readonly socket: Socket
  readonly ended: Promise<string>
}

/** A connection on which one request has been answered, and which is kept open. */
async function openConnection(server: ServerProcess): Promise<Connection> {
  const socket = connect(server.port, '127.0.0.1')
  let got = ''
  const answered = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<string>()
  socket.on('data', (bytes) => {
    got += bytes.toString()
    if (got.includes('"ok"')) answered.resolve()
  })
  socket.on('error', () => undefined)
  socket.on('close', () => closed.resolve(got))
  socket.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await answered.promise
  return { socket, ended: closed.promise }
}

/** Sends the head and the first half of the body of a `put`, and resolves when the server has read it. */
async function putHalf(server: ServerProcess, cookie: string): Promise<Connection & { finish(): void }> {
  const connection = await openConnection(server)
  const body = 'slow=arrived'
  connection.socket.write(
    'POST /session/put HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      `Cookie: ${cookie}\r\nContent-Length: ${body.length}\r\n\r\n${body.slice(0, 5)}`,
  )
  // Answered after what came before it was read.
  await fetch(`${server.url}/healthz`)
  return { ...connection, finish: () => void connection.socket.write(body.slice(5)) }
}

/** Resolves when nobody listens any more. */
async function refusesConnections({ port }: ServerProcess): Promise<void> {
  for (;;) {
    const isRefused = await new Promise<boolean>((done) => {
      const socket = connect(port, '127.0.0.1')
      socket.on('connect', () => {
        socket.destroy()
        done(false)
      })
      socket.on('error', () => done(true))
    })
    if (isRefused) return
  }
}

async function givenLogin(place: Place) {
  const server = await place.serve()
  const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
  return { server, cookie }
}

/** Two uses: the first may be written down at once, so it is the second that a stop must not forget. An instant between them. */
async function useTwice(server: ServerProcess, cookie: string): Promise<number> {
  expect(await server.get('/session/get', cookie)).toBe(200)
  const first = Date.now()
  while (Date.now() === first) await server.get('/healthz', '')
  const between = Date.now()
  expect(await server.get('/session/get', cookie)).toBe(200)
  return between
}

/** The last use of the only session there is, as the store has it. */
async function lastUse(place: Place): Promise<number> {
  const { out } = await place.run(['session', 'list', '--json'])
  return Date.parse((JSON.parse(out) as { usedAt: string }).usedAt)
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test.concurrent(`${signal} lets what is under way come to its end, and exits with 0`, async () => {
    await using place = openPlace()
    const { server, cookie } = await givenLogin(place)
    const slow = await putHalf(server, cookie)
    server.kill(signal)
    await refusesConnections(server)
    slow.finish()
    expect(await slow.ended).toContain('HTTP/1.1 200 OK\r\n')
    const { code, err } = await server.ended
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(server.out).toContain('"event":"stop"')

    const again = await place.serve()
    const answer = await fetch(`${again.url}/session/get`, { headers: { cookie } })
    expect(await answer.json()).toEqual({ slow: 'arrived' })
  })
}

test.concurrent('a stop writes down which sessions were used last', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenLogin(place)
  const before = await useTwice(server, cookie)
  server.kill('SIGTERM')
  expect((await server.ended).code).toBe(0)
  expect(await lastUse(place)).toBeGreaterThanOrEqual(before)
})

test.concurrent('connections that are open and idle do not hold up the stop', async () => {
  await using place = openPlace()
  await using other = openPlace()
  const [server, { server: slower, cookie }] = await Promise.all([place.serve(), givenLogin(other)])
  const idle = await Promise.all(Array.from({ length: 10 }, () => openConnection(server)))
  await putHalf(slower, cookie)
  slower.kill('SIGTERM')
  server.kill('SIGTERM')
  await expectEndBefore(server, slower)
  await Promise.all(idle.map(({ ended }) => ended))
})

test.concurrent('a stop answers what comes on open connections, asks clients to close them, and says so on /readyz', async () => {
  await using place = openPlace()
  writeFileSync(join(place.folder, 'settings.toml'), 'drain = "5s"\n')
  const server = await place.serve(['--config', 'settings.toml'])
  const slower = await place.serve(['--config', 'settings.toml', '--data', 'other'])
  const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
  const [kept, idle] = [await openConnection(server), await openConnection(server)]
  await openConnection(slower)
  server.kill('SIGTERM')
  while ((await server.get('/readyz', '')) === 200);
  const answer = await fetch(`${server.url}/readyz`)
  expect([answer.status, await answer.json()]).toEqual([503, expect.objectContaining({ code: 'busy' })])
  const body = 'late=arrived'
  kept.socket.write(
    'POST /session/put HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n' +
      `Cookie: ${cookie}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  const [, put = ''] = (await kept.ended).split('"ok"}')
  expect(put).toMatch(/^HTTP\/1.1 200 OK\r\n(.*\r\n)*Connection: close\r\n/i)
  // As soon as the last client has gone, the server goes too. Where one stays, it waits for as long as it may.
  slower.kill('SIGTERM')
  idle.socket.destroy()
  await expectEndBefore(server, slower)
})

test.concurrent('SIGHUP stays ignored where the server is to outlive its terminal', async () => {
  await using place = openPlace()
  const child = Bun.spawn(['nohup', process.execPath, MAIN, 'serve', '--port', '0', '--data', place.data], {
    cwd: place.folder,
    stdin: 'ignore',
    stdout: 'pipe',
    stderr: 'ignore',
    env: { PATH: process.env['PATH'] ?? '', CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD },
  })
  const [, port] =
    /"event":"start".*"port":(\d+)/.exec(await readUntil(child.stdout, '"event":"start"')) ?? []
  child.kill('SIGHUP')
  const answer = await fetch(`http://127.0.0.1:${port}/readyz`)
  expect(answer.status).toBe(200)
  child.kill('SIGTERM')
  expect(await child.exited).toBe(0)
})

/** What a program writes until the line with this text has come. */
async function readUntil(stream: ReadableStream<Uint8Array>, text: string): Promise<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let got = ''
  while (!new RegExp(`${text}.*\n`).test(got)) {
    const { value, done } = await reader.read()
    if (done) throw new Error(`It ended and never said ${text}: ${got}`)
    got += decoder.decode(value, { stream: true })
  }
  return got
}

test.concurrent('a client that never finishes its request does not keep the server from a stop in good order', async () => {
  await using place = openPlace()
  await using other = openPlace()
  const [{ server, cookie }, alone] = await Promise.all([givenLogin(place), other.serve()])
  const before = await useTwice(server, cookie)
  const slow = await putHalf(server, cookie)
  const at = performance.now()
  for (const each of [server, alone]) each.kill('SIGTERM')
  const took = async ({ ended }: ServerProcess) => {
    expect((await ended).code).toBe(0)
    return performance.now() - at
  }
  const [withClient, without] = await Promise.all([took(server), took(alone)])
  // What this machine needs for a stop at this moment is no part of what the server waits.
  expect(withClient - without).toBeLessThan(LONGEST_STOP)
  await slow.ended
  expect(await lastUse(place)).toBeGreaterThanOrEqual(before)
  expect(server.out).toContain('"event":"stop"')
})

for (const [signal, code] of [
  ['SIGTERM', 143],
  ['SIGINT', 130],
  ['SIGHUP', 129],
] as const) {
  test.concurrent(`a second ${signal} exits at once`, async () => {
    await using place = openPlace()
    const { server, cookie } = await givenLogin(place)
    await putHalf(server, cookie)
    server.kill('SIGTERM')
    await refusesConnections(server)
    // A stop that comes to its end exits with 0.
    server.kill(signal)
    expect((await server.ended).code).toBe(code)
  })
}

test.concurrent('a server that was killed leaves nothing behind that keeps the next one from starting', async () => {
  await using place = openPlace()
  const { server, cookie } = await givenLogin(place)
  const put = await fetch(`${server.url}/session/put?k=v`, { headers: { cookie } })
  expect(put.status).toBe(200)
  server.kill('SIGKILL')
  await server.ended
  const again = await place.serve()
  const answer = await fetch(`${again.url}/session/get`, { headers: { cookie } })
  expect(await answer.json()).toEqual({ k: 'v' })
})

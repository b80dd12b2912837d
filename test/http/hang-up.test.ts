import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { logIn } from '../support/client.ts'
import { until } from '../support/redis.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'

/** Sends a request and hangs up at once, while the server still works on it. */
function hangUp(server: TestServer, path: string, fields: Record<string, string>, headers: string[] = []) {
  const body = new URLSearchParams(fields).toString()
  const socket = connect(server.port, '127.0.0.1')
  const head = [
    `POST ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${server.port}`,
    'Content-Type: application/x-www-form-urlencoded',
    `Content-Length: ${body.length}`,
    ...headers,
  ]
  return new Promise<void>((resolve) => {
    socket.on('close', () => resolve())
    socket.write(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
  })
}

const right = { z_username: 'admin', z_password: ADMIN_PASSWORD }
const wrong = { z_username: 'admin', z_password: 'a guess of somebody' }

/** What the log has of one kind, once there are so many lines of it. */
async function linesOf(server: TestServer, event: string, count: number) {
  const found = () => server.log.map((line) => JSON.parse(line)).filter((line) => line.event === event)
  await until(async () => found().length >= count)
  return found()
}

test('a client that hangs up before its login is answered is in the log and in the security log with its address', async () => {
  await using server = await startServer({ nodes: 1, slowHashes: true })
  await hangUp(server, '/z_security_check', wrong)
  await hangUp(server, '/z_security_check', right)
  for (const event of ['login_failed', 'login'])
    expect(await linesOf(server, event, 1)).toMatchObject([{ address: '127.0.0.1', uname: 'admin' }])
  const admin = await logIn(server)
  const { events } = (await admin.json('/admin/log/list')) as { events: readonly { address?: string }[] }
  expect(events.map(({ address }) => address)).not.toContain('')
  const { sessions } = (await admin.json('/session/list')) as { sessions: readonly { address: string }[] }
  expect(sessions.map(({ address }) => address)).toEqual(['127.0.0.1', '127.0.0.1'])
})

test('behind a trusted proxy it is the address that the proxy tells', async () => {
  await using server = await startServer({
    nodes: 1,
    slowHashes: true,
    toml: 'trusted-proxies = ["127.0.0.1"]\n',
  })
  const forwarded = ['X-Forwarded-For: 203.0.113.7']
  await hangUp(server, '/z_security_check', wrong, forwarded)
  expect(await linesOf(server, 'login_failed', 1)).toMatchObject([{ address: '203.0.113.7' }])
  const proof = [...forwarded, `Cookie: ${(await logIn(server)).cookie}`]
  await hangUp(server, '/user/password', { old: 'a guess', new: 'a longer horse and more' }, proof)
  expect(await linesOf(server, 'password_refused', 1)).toMatchObject([{ address: '203.0.113.7' }])
})

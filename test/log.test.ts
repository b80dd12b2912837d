import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { openPlace, type Place } from './support/process.ts'
import { ADMIN_PASSWORD } from './support/server.ts'

const env = { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD }

/** Starts a server with these lines of TOML. */
async function serveWith(place: Place, toml: string) {
  await Bun.write(join(place.folder, 'settings.toml'), toml)
  return place.serve(['--config', 'settings.toml'])
}

test.concurrent('what is no terminal gets one line of JSON per event, with its time', async () => {
  await using place = openPlace()
  const server = await place.serve()
  await server.logIn('admin', 'guessed\n"by somebody"')
  await server.logIn('admin', ADMIN_PASSWORD)
  server.kill('SIGTERM')
  const { out } = await server.ended
  const events = out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string; time: string; msg: string })
  expect(events.map(({ event }) => event)).toEqual(['user_create', 'start', 'login_failed', 'login', 'stop'])
  for (const { time, msg } of events) {
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    expect(msg).not.toBe('')
  }
  expect(out).not.toContain(ADMIN_PASSWORD)
  expect(out).not.toContain('guessed')
})

test.concurrent('the line of the start says where it listens and what it keeps everything in', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const line = server.out.split('\n').find((each) => each.includes('"event":"start"')) ?? ''
  expect(JSON.parse(line)).toMatchObject({
    level: 30,
    event: 'start',
    url: server.url,
    port: server.port,
    host: '127.0.0.1',
    store: `sqlite:${join(place.data, 'cloakroom.db')}`,
    msg: `Cloakroom listens on ${server.url}`,
  })
})

test.concurrent('a terminal gets text in colours, one line per event', async () => {
  await using place = openPlace()
  const server = place.startOnTerminal(['serve', '--port', '0'], { env })
  const [, url = ''] = await server.said(/listens on (http:\/\/127\.0\.0\.1:\d+)/)
  await fetch(`${url}/healthz`)
  server.kill('SIGTERM')
  const { code, out } = await server.ended
  expect(code).toBe(0)
  expect(out).toContain('\u001b[')
  const lines = Bun.stripANSI(out).trimEnd().split(/\r?\n/)
  for (const line of lines) expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: \S/)
  expect(lines).toHaveLength(3)
})

test.concurrent('NO_COLOR takes the colours from a terminal', async () => {
  await using place = openPlace()
  const server = place.startOnTerminal(['serve', '--port', '0'], { env: { ...env, NO_COLOR: '1' } })
  const [, url = ''] = await server.said(/listens on (http:\/\/127\.0\.0\.1:\d+)/)
  await fetch(`${url}/healthz`)
  server.kill('SIGTERM')
  const { out } = await server.ended
  expect(out).toContain('INFO')
  expect(out).not.toContain('\u001b')
})

test.concurrent('the setting log.format says text or JSON, whoever looks', async () => {
  await using place = openPlace()
  await Bun.write(join(place.folder, 'text.toml'), 'log.format = "text"')
  await Bun.write(join(place.folder, 'json.toml'), 'log.format = "json"')
  const text = place.start(['serve', '--port', '0', '--config', 'text.toml', '--data', 'one'], { env })
  await text.said(/INFO: Cloakroom listens on/)
  expect(text.out).not.toContain('\u001b')
  const json = place.startOnTerminal(['serve', '--port', '0', '--config', 'json.toml', '--data', 'two'], {
    env,
  })
  await json.said(/"event":"start"/)
  expect(json.out).not.toContain('\u001b')
})

test.concurrent('the setting log.level says from which level on there are lines', async () => {
  await using place = openPlace()
  await using quiet = openPlace()
  const all = await serveWith(place, 'log.level = "info"')
  expect(all.out).toContain('"event":"start"')
  all.kill('SIGTERM')
  await all.ended

  await Bun.write(join(quiet.folder, 'settings.toml'), 'log.level = "warn"')
  // Nothing says on which port it listens, so this one gets one that is free for now.
  const port = all.port
  const server = quiet.start(['serve', '--port', String(port), '--config', 'settings.toml'], { env })
  const url = `http://127.0.0.1:${port}`
  while ((await fetch(`${url}/readyz`).catch(() => null))?.status !== 200) await Bun.sleep(1)
  await fetch(`${url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: 'wrong password' }),
  })
  server.kill('SIGTERM')
  const { out } = await server.ended
  expect(out).not.toContain('"event":"start"')
  expect(out).not.toContain('"event":"stop"')
  expect(out.trimEnd().split('\n')).toEqual([expect.stringContaining('"event":"login_failed"')])

  await Bun.write(join(quiet.folder, 'silent.toml'), 'log.level = "silent"')
  const taken = await place.serve(['--data', 'other'])
  const refused = await quiet.run(['serve', '--port', String(taken.port), '--config', 'silent.toml'])
  expect(refused).toMatchObject({ code: 2, out: '', err: expect.stringContaining(`Port ${taken.port}`) })
})

import { expect, test } from 'bun:test'
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ask } from '../../reliability/wire.ts'
import { openPlace } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

/** Ways in which a running server loses the thread that writes, as code that has hold of it. */
const losses: Readonly<Record<string, string>> = {
  'is terminated': 'thread.terminate()',
  'fails by a fault that nobody catches': "thread.postMessage('no batch of writes')",
}

/** Runs in the server's process before the server does, and loses the thread when it is told to. */
const preload = (loss: string) => `
  const Thread = globalThis.Worker
  globalThis.Worker = class extends Thread {
    constructor(...args) {
      super(...args)
      const thread = this
      process.on('SIGUSR2', () => { ${loss} })
    }
  }`

for (const [how, loss] of Object.entries(losses)) {
  test(`when the thread that writes ${how}, the server says so and ends, and the next one goes on`, async () => {
    await using place = openPlace()
    const file = join(place.folder, 'preload.js')
    writeFileSync(file, preload(loss))
    const env = { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD, BUN_OPTIONS: `--preload=${file}` }
    const server = await place.serve([], env)
    const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
    expect((await ask(server.url, '/session/put', cookie, { a: '1' })).status).toBe(200)

    server.kill('SIGUSR2')
    const { code, out } = await server.ended
    expect(code).toBe(1)
    const fatal = out.split('\n').filter((line) => line.includes('"level":60'))
    expect(fatal.map((line) => JSON.parse(line))).toEqual([
      expect.objectContaining({ event: 'store_lost', msg: expect.stringContaining('cannot write') }),
    ])

    const next = await place.serve()
    expect(await (await ask(next.url, '/session/get', cookie)).json()).toEqual({ a: '1' })
  })
}

test('when its file is deleted the server says so and ends, and answers no write as stored after that', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
  rmSync(join(place.data, 'cloakroom.db'))
  expect(await server.get('/readyz', '')).toBe(503)
  const late = await ask(server.url, '/session/put', cookie, { a: '1' }).then(
    ({ status }) => status,
    () => 'closed',
  )
  expect([503, 'closed']).toContain(late)
  const { code, out } = await server.ended
  expect(code).toBe(1)
  const [fatal, ...more] = out.split('\n').filter((line) => line.includes('"level":60'))
  expect(more).toEqual([])
  expect(JSON.parse(fatal ?? '')).toMatchObject({
    event: 'store_lost',
    msg: expect.stringMatching(/cloakroom\.db was deleted or moved.*restore a backup/),
  })
})

test('a server that stops in good order has lost nothing', async () => {
  await using place = openPlace()
  const server = await place.serve()
  server.kill('SIGTERM')
  const { code, out } = await server.ended
  expect(code).toBe(0)
  expect(out).not.toContain('store_lost')
})

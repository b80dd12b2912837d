import { expect, test } from 'bun:test'
import { openSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openFifo } from '../support/fifo.ts'
import { freePort } from '../support/port.ts'
import { openPlace, type Place, type Program } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const env = { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD }

/** Requests that each have a line written, without a login: more of them than a pipe has room for. */
const REFUSED = 1_300

/** Nothing tells on which port it listens, so it gets one that is free for now. */
async function startOn(place: Place, start: (args: readonly string[]) => Program, format = 'json') {
  writeFileSync(join(place.folder, 'settings.toml'), `log.format = "${format}"\nlog.level = "debug"\n`)
  const port = await freePort()
  const program = start(['serve', '--port', String(port), '--config', 'settings.toml'])
  const url = `http://127.0.0.1:${port}`
  const logIn = () =>
    fetch(`${url}/z_security_check`, {
      method: 'POST',
      headers: { accept: 'application/json' },
      body: new URLSearchParams({ z_username: 'admin', z_password: ADMIN_PASSWORD }),
    }).catch(() => null)
  while ((await logIn())?.status !== 200) await Bun.sleep(10)
  return { program, url, logIn }
}

/** Everything that has to go on whatever becomes of the log, and the end. */
async function expectWell({ program, url, logIn }: Awaited<ReturnType<typeof startOn>>) {
  const foreign = { 'sec-fetch-site': 'cross-site' }
  for (let sent = 0; sent < REFUSED; sent += 100) {
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => fetch(`${url}/session/put?a=b`, { headers: foreign })),
    )
    for (const { status } of answers) expect(status).toBe(403)
  }
  expect((await fetch(`${url}/healthz`)).status).toBe(200)
  expect((await fetch(`${url}/readyz`)).status).toBe(200)
  expect((await logIn())?.status).toBe(200)
  program.kill('SIGTERM')
  expect((await program.ended).code).toBe(0)
}

for (const format of ['json', 'text']) {
  test(`a reader of the log (${format}) that stands still from the start on holds up no answer and no stop`, async () => {
    await using place = openPlace()
    using fifo = openFifo(place.folder)
    fifo.fill()
    await expectWell(
      await startOn(place, (args) => place.start(args, { env, stdout: fifo.descriptor }), format),
    )
  })
}

test('a reader of the log that has left, or a full disk, holds up no answer and no stop, and is said once', async () => {
  for (const [code, open] of Object.entries({
    EPIPE: (folder: string) => {
      const fifo = openFifo(folder)
      fifo.leave()
      return fifo.descriptor
    },
    ENOSPC: () => openSync('/dev/full', 'w'),
  })) {
    await using place = openPlace()
    const stdout = open(place.folder)
    const started = await startOn(place, (args) => place.start(args, { env, stdout }))
    await expectWell(started)
    const { err } = await started.program.ended
    expect(err).toMatch(/^cloakroom: Standard output does not take the log \(/)
    expect(err).toContain(`(${code})`)
    expect(err.trimEnd().split('\n')).toHaveLength(1)
  }
})

test('a terminal that is stopped with control S holds up no answer and no stop', async () => {
  await using place = openPlace()
  await expectWell(
    await startOn(place, (args) => {
      const program = place.startOnTerminal(args, { env })
      program.type('\x13')
      return program
    }),
  )
})

test('standard error that nobody reads holds up no start, no stop and no refused start', async () => {
  await using place = openPlace()
  using fifo = openFifo(place.folder)
  fifo.fill()
  const start = (args: readonly string[]) =>
    place.start(args, { env, stdout: openSync('/dev/full', 'w'), stderr: fifo.descriptor })
  const started = await startOn(place, start)
  const port = new URL(started.url).port
  expect((await start(['serve', '--port', port, '--data', 'other']).ended).code).toBe(2)
  await expectWell(started)
})

test('what nothing caught is in the log, and the process ends with 1', async () => {
  await using place = openPlace()
  const file = join(place.folder, 'preload.js')
  writeFileSync(file, `process.on('SIGUSR2', () => Promise.reject(new Error('nobody caught this')))`)
  const server = await place.serve([], { ...env, BUN_OPTIONS: `--preload=${file}` })
  server.kill('SIGUSR2')
  const { code, out, err } = await server.ended
  expect(code).toBe(1)
  const last = JSON.parse(out.trimEnd().split('\n').at(-1) ?? '')
  expect(last).toMatchObject({ level: 60, event: 'crash', err: { message: 'nobody caught this' } })
  expect(err).toStartWith('cloakroom: A fault of the program: Error: nobody caught this')
})

import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Worker } from 'node:worker_threads'
import { HashThreads } from '../../src/login/hash-threads.ts'
import { Passwords } from '../../src/login/passwords.ts'
import { nicenesses, openPlace } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const quick = { memoryCost: 8, timeCost: 1 }

test('a hash and a password are held against each other on a thread', async () => {
  const threads = new HashThreads()
  const hash = await threads.hash('correct horse', quick)
  expect(await threads.verify('correct horse', hash)).toBe(true)
  expect(await threads.verify('wrong horse', hash)).toBe(false)
})

test('what is no hash is a fault, and the thread goes on', async () => {
  const threads = new HashThreads()
  await expect(threads.verify('correct horse', '$argon2id$nonsense')).rejects.toThrow()
  expect(await threads.hash('correct horse', quick)).toStartWith('$argon2id$')
})

/** Runs with the threads that are started meanwhile, the newest last. */
async function withThreads(run: (threads: readonly Worker[]) => Promise<void>): Promise<void> {
  const threads: Worker[] = []
  const started = (thread: Worker) => void threads.push(thread)
  process.on('worker', started)
  await run(threads).finally(() => process.off('worker', started))
}

test('a thread that ends without an error while it hashes leaves nobody waiting, and the next one takes its place', () =>
  withThreads(async (started) => {
    const threads = new HashThreads()
    await threads.hash('correct horse', quick)
    const underway = threads.hash('correct horse', { memoryCost: 65_536, timeCost: 100 })
    await started[0]?.terminate()
    await expect(underway).rejects.toThrow('A thread that hashes has ended.')
    expect(await threads.hash('correct horse', quick)).toStartWith('$argon2id$')
    expect(started).toHaveLength(2)
  }))

test('a thread that ends while it has nothing to do is not asked again', () =>
  withThreads(async (started) => {
    const threads = new HashThreads()
    await threads.hash('correct horse', quick)
    await started[0]?.terminate()
    expect(await threads.hash('correct horse', quick)).toStartWith('$argon2id$')
    expect(started).toHaveLength(2)
  }))

test('users that do not exist are answered again after a thread was lost', async () => {
  process.once('worker', (thread) => queueMicrotask(() => thread.terminate()))
  const passwords = new Passwords(1, quick)
  await expect(passwords.verify('correct horse', null)).rejects.toThrow('A thread that hashes has ended.')
  expect(await passwords.verify('correct horse', null)).toBe(false)
})

/**
 * Runs in the server's process before the server does, and ends the first threads that hash as soon as they are started: that of the
 * start, for the hash that unknown users are held against, the one that the first login begins for the same, and its own.
 */
const PRELOAD = `
  const { Worker } = require('node:worker_threads')
  let left = 3
  process.on('worker', (thread) => {
    if (!(thread instanceof Worker) || left-- <= 0) return
    // When it has been asked for something: until then there is nothing to end.
    queueMicrotask(() => thread.terminate())
  })`

test('a login whose thread is lost is answered with a fault, and the next one with a session', async () => {
  await using place = openPlace()
  const first = await place.serve()
  first.kill('SIGTERM')
  await first.ended
  const file = join(place.folder, 'preload.js')
  writeFileSync(file, PRELOAD)
  const server = await place.serve([], { BUN_OPTIONS: `--preload=${file}` })
  const lost = await server.logIn('admin', ADMIN_PASSWORD)
  expect(lost).toEqual({ status: 500, cookie: '' })
  expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
})

test.skipIf(process.platform !== 'linux')(
  'the threads of a server that hash are behind the one that answers, and not so far that a busy neighbour starves them',
  async () => {
    await using place = openPlace()
    const server = await place.serve()
    expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
    const threads = nicenesses(server.pid)
    expect(threads.get(server.pid)).toBe(0)
    expect(new Set(threads.values())).toEqual(new Set([0, 3]))
  },
)

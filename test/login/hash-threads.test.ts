import { expect, test } from 'bun:test'
import { readdirSync, readFileSync } from 'node:fs'
import { HashThreads } from '../../src/login/hash-threads.ts'
import { openPlace } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const quick = { memoryCost: 8, timeCost: 1 }

/** The niceness of every thread of a process by its number (proc_pid_stat(5), field 19). */
const nicenesses = (pid: number): ReadonlyMap<number, number> =>
  new Map(
    readdirSync(`/proc/${pid}/task`).map((thread) => {
      const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1')
      return [Number(thread), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[16])]
    }),
  )

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

test.skipIf(process.platform !== 'linux')(
  'the threads of a server that hash are behind the one that answers',
  async () => {
    await using place = openPlace()
    const server = await place.serve()
    expect((await server.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
    const threads = nicenesses(server.pid)
    expect(threads.get(server.pid)).toBe(0)
    expect([...threads.values()]).toContain(10)
  },
)

import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { put } from './given.ts'

/** A node that puts the same hundred keys again and again, and says which puts were answered, until it is killed. */
const [url = '', id = ''] = process.argv.slice(2)
const store = await openPostgresStore(url, { timeout: 10_000, connections: 2, create: true })
for (let i = 1; ; i++) {
  const value = `${i} ${'x'.repeat(1_000)}`
  await put(
    store,
    id,
    Array.from({ length: 100 }, (_, k) => [`k${k}`, value] as const),
  )
  process.stdout.write(`${i}\n`)
}

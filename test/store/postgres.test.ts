import { test } from 'bun:test'
import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { keepsLaws } from './keepsLaws.ts'
import { answersAsModel } from './model.ts'

// Nothing here asks what is left after a crash.
describeWithPostgres('laws', { conf: { fsync: 'off' } }, (server) => {
  keepsLaws('postgres', async () => {
    const url = await server.newDatabase()
    const open = () => openPostgresStore(url, { timeout: 30_000, connections: 8, create: true })
    return { store: await open(), other: await open() }
  })

  test('a store in PostgreSQL answers any sequence of steps as the model does', async () => {
    const url = await server.newDatabase()
    const store = await openPostgresStore(url, { timeout: 30_000, connections: 8, create: true })
    await answersAsModel(() => store, 20)
    await store.close()
  })
})

import { openPostgresStore } from '../../src/store/postgres/open.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { keepsLaws } from './keepsLaws.ts'

// Nothing here asks what is left after a crash.
describeWithPostgres('laws', { conf: { fsync: 'off' } }, (server) => {
  keepsLaws('postgres', async () => {
    const url = await server.newDatabase()
    const open = () => openPostgresStore(url, { timeout: 5_000, connections: 8, create: true })
    return { store: await open(), other: await open() }
  })
})

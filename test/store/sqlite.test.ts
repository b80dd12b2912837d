import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { keepsLaws } from './keepsLaws.ts'

const folders: string[] = []

keepsLaws('sqlite', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  folders.push(folder)
  return openSqliteStore(join(folder, 'cloakroom.db'), { alone: true, create: true })
})

// Registered after the stores' own, since a file goes after its store has been closed.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

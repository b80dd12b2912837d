import { afterAll } from 'bun:test'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openAlone, openBeside } from './file.ts'
import { keepsLaws } from './keepsLaws.ts'

const folders: string[] = []

keepsLaws('sqlite', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-test-'))
  folders.push(folder)
  const path = join(folder, 'cloakroom.db')
  return { store: await openAlone(path), other: await openBeside(path), isBeside: true }
})

// Registered after the stores' own, since a file goes after its store has been closed.
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true })
})

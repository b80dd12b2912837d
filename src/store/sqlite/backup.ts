import { Database } from 'bun:sqlite'
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError } from '../../errors.ts'
import { requirePlace } from './place.ts'
import { requireOurs } from './schema.ts'
import { sentenceOf } from './sentences.ts'

/**
 * Copies the database to a new file, as it is at one instant, while a server goes on using it. The file appears when it is whole and
 * on the disk. Takes as long as the file is large and keeps the calling thread busy meanwhile.
 */
export function backUp(path: string, file: string): void {
  if (existsSync(file))
    throw new SetupError(`${file} exists already; a backup never replaces a file. Name another one.`)
  if (!existsSync(path))
    throw new SetupError(
      `There is no database at ${path} to back up. Name another place with --data or --store.`,
    )
  requirePlace(path)
  const part = `${file}.part`
  try {
    rmSync(part, { force: true })
    // Made first, since SQLite would let everybody read what it makes.
    closeSync(openSync(part, 'wx', 0o600))
  } catch (cause) {
    throw new SetupError(
      `The backup failed: ${file} cannot be written. Name a file in a folder that exists and that this user can write.`,
      { cause },
    )
  }
  try {
    copy(path, part)
    sync(part)
    renameSync(part, file)
    sync(dirname(file))
  } catch (error) {
    rmSync(part, { force: true })
    if (error instanceof SetupError) throw error
    throw new SetupError(`The backup failed, and ${file} was not made. ${sentenceOf(error, path)}`, {
      cause: error,
    })
  }
}

function copy(path: string, part: string): void {
  const db = new Database(path, { readonly: true })
  try {
    requireOurs(db, path)
    db.query('VACUUM INTO ?').run(part)
  } finally {
    db.close()
  }
}

/** What was written to a file or a folder is on the disk when this returns. */
function sync(path: string): void {
  const descriptor = openSync(path, 'r')
  fsyncSync(descriptor)
  closeSync(descriptor)
}

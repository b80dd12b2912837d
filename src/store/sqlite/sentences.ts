import { SQLiteError } from 'bun:sqlite'
import { SetupError } from '../../errors.ts'

/** What SQLite says where the disk has no room: for the file or its log, or for the index of the log, which it maps into memory. */
const FULL = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC']

/** Whether something failed because the disk has no room for it. */
export const isFull = (error: unknown): boolean =>
  FULL.includes((error as { code?: string } | null)?.code ?? '')

/** Why the file cannot be used, and what to do about it. */
export function sentenceOf(error: unknown, path: string): string {
  if (error instanceof SetupError) return error.message
  const code = error instanceof SQLiteError ? (error.code ?? '') : ''
  if (/NOTADB|CORRUPT/.test(code)) {
    return `${path} is not a database, or it is damaged; it was left as it is. Restore a backup in its place, or move it away to begin anew.`
  }
  if (/READONLY|CANTOPEN|PERM/.test(code)) {
    return `${path} cannot be written. Give this user the right to write the file and its folder, or name another place with --data or --store.`
  }
  if (/BUSY|LOCKED/.test(code))
    return `${path} is in use by another process that does not let go. Stop that one first.`
  if (isFull(error)) return `There is no room left on the disk for ${path}. Make room there.`
  return `${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`
}

import { SetupError } from '../../errors.ts'
import { NO_THREADS } from '../../threads.ts'
import { refusedSentence } from './ownership.ts'

/** What SQLite says where the disk has no room: for the file or its log, or for the index of the log, which it maps into memory. */
const FULL = ['SQLITE_FULL', 'SQLITE_IOERR_SHMSIZE', 'ENOSPC']

const codeOf = (error: unknown): string => (error as { code?: string } | null)?.code ?? ''

/** Whether something failed because the disk has no room for it. */
export const isFull = (error: unknown): boolean => FULL.includes(codeOf(error))

/** Why the file cannot be used, and what to do about it. */
export function sentenceOf(error: unknown, path: string): string {
  if (error instanceof SetupError) return error.message
  const code = codeOf(error)
  if (/NOTADB|CORRUPT/.test(code)) {
    return `${path} is not a database, or it is damaged; it was left as it is. Restore a backup in its place, or move it away to begin anew.`
  }
  if (/READONLY|CANTOPEN|PERM|EACCES|EROFS/.test(code)) {
    return (
      refusedSentence(path) ??
      `${path} cannot be written. Give this user the right to write the file and its folder, or name another place with --data or --store.`
    )
  }
  if (/ENAMETOOLONG|ELOOP|ENOTDIR|EEXIST|EINVAL/.test(code))
    return `${path} cannot be the place of a database (${code}). Name another place with --data or --store.`
  if (/spawn worker|create.*thread/i.test(String(error))) return NO_THREADS
  if (/BUSY|LOCKED/.test(code))
    return `${path} is in use by another process that does not let go. Stop that one first.`
  if (isFull(error)) return `There is no room left on the disk for ${path}. Make room there.`
  return `${path} cannot be used: ${error instanceof Error ? error.message : String(error)}`
}

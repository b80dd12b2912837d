import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  fchownSync,
  lchownSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'

const { O_APPEND, O_CREAT, O_EXCL, O_NOFOLLOW, O_WRONLY, W_OK, X_OK } = constants

const isRoot = () => process.geteuid?.() === 0

/**
 * Makes sure that there is a file which only its owner may read. If root makes it, as by the command line beside a server, it goes to
 * the owner of `beside`, who could not write it otherwise. A link is not followed, since in a folder of others it may lead anywhere.
 */
export function makeFile(path: string, beside: string): void {
  let descriptor: number
  try {
    descriptor = openSync(path, O_WRONLY | O_APPEND | O_CREAT | O_EXCL, 0o600)
  } catch (error) {
    if ((error as { code?: string }).code !== 'EEXIST') throw error
    closeSync(openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW))
    return
  }
  try {
    const { uid, gid } = statSync(beside)
    if (isRoot() && uid !== 0) fchownSync(descriptor, uid, gid)
  } finally {
    closeSync(descriptor)
  }
}

/** Makes a folder and those above it that are missing. Made by root, they go to the owner of the one that was there. */
export function makeFolders(path: string): void {
  const first = mkdirSync(path, { recursive: true, mode: 0o700 })
  if (first === undefined || !isRoot()) return
  const { uid, gid } = statSync(dirname(first))
  if (uid === 0) return
  for (let made = path; made.length >= first.length; made = dirname(made)) lchownSync(made, uid, gid)
}

/** Which file of a database, or its folder, this user may not write, with the owner and the remedy. Null: there is none. */
export function refusedSentence(path: string): string | null {
  const files = ['', '-wal', '-shm', '.lock', '.changes'].map((end) => path + end)
  for (const file of files.filter((each) => existsSync(each))) {
    const code = deniedBy(file, W_OK)
    if (code !== null) return sentence(file, code)
  }
  const folder = dirname(path)
  const code = existsSync(folder) ? deniedBy(folder, W_OK | X_OK) : null
  return code === null ? null : sentence(folder, code)
}

function deniedBy(path: string, mode: number): string | null {
  try {
    accessSync(path, mode)
    return null
  } catch (error) {
    return (error as { code?: string }).code ?? ''
  }
}

function sentence(path: string, code: string): string {
  if (code === 'EROFS') {
    return `${path} cannot be written: its file system is mounted read-only. Mount it for writing, or name another place with --data or --store.`
  }
  const { uid } = statSync(path)
  const me = process.geteuid?.() ?? 0
  const elsewhere = 'or name another place with --data or --store'
  if (uid === me)
    return `${path} cannot be written, though it belongs to this user (${me}): its mode forbids it. Change that (chmod u+rwX ${path}), ${elsewhere}.`
  const owner = uid === 0 ? 'root' : `user ${uid}`
  return (
    `${path} cannot be written: it belongs to ${owner}, and this program runs as user ${me}. ` +
    `Give this user the right to write it (chown ${me} ${path}), ${elsewhere}.`
  )
}

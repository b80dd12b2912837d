import { existsSync, statSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { SetupError } from '../../errors.ts'
import { refusedSentence } from './ownership.ts'

/** Refuses a path at which there can be no database: of a folder, of a file that has other names, and one at which this user cannot make any. */
export function requirePlace(path: string): void {
  if (!existsSync(path)) {
    requireWritable(path)
    return
  }
  const found = statSync(path)
  if (found.isDirectory()) {
    throw new SetupError(`${path} is a folder. Name a file in it, or another place, with --data or --store.`)
  }
  if (!found.isFile()) {
    throw new SetupError(
      `${path} is a pipe or a device, and no place for a database. Name another with --data or --store.`,
    )
  }
  // The log and the lock are beside each name, so two servers would write one file and neither would know.
  if (found.nlink > 1) {
    throw new SetupError(
      `${path} has ${found.nlink} names (hard links, as ln and cp -l make them): a server that uses another of them would spoil it, and a copy ` +
        `that is a link changes with it. Make it a file of its own: cp ${path} ${path}.own && mv ${path}.own ${path}`,
    )
  }
}

/** The nearest folder that exists is where the missing ones would be made. */
function requireWritable(path: string): void {
  let folder = dirname(path)
  while (!existsSync(folder)) folder = dirname(folder)
  if (!isFolder(folder)) {
    throw new SetupError(
      `${path} cannot be made: ${folder} is a file and no folder. Name another place with --data or --store.`,
    )
  }
  const refused = refusedSentence(join(folder, basename(path)))
  if (refused !== null) throw new SetupError(refused)
}

const isFolder = (path: string) => statSync(path).isDirectory()

import { constants as access, accessSync, existsSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { SetupError } from '../../errors.ts'

/** Refuses a path at which there can be no database: one of a folder, and, where nothing is yet, one at which this user cannot make any. */
export function requirePlace(path: string): void {
  if (!existsSync(path)) requireWritable(path)
  else if (isFolder(path)) {
    throw new SetupError(`${path} is a folder. Name a file in it, or another place, with --data or --store.`)
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
  try {
    accessSync(folder, access.W_OK)
  } catch (cause) {
    throw new SetupError(
      `${folder} cannot be written. Give this user the right to, or name another place with --data or --store.`,
      { cause },
    )
  }
}

const isFolder = (path: string) => statSync(path).isDirectory()

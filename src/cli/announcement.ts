import { fstatSync, statSync, write } from 'node:fs'
import { promisify } from 'node:util'
import type { Announcer } from '../first-admin.ts'

const STANDARD_ERROR = 2

/** Milliseconds after which standard error that takes nothing now is tried again. */
const AGAIN_MS = 50

/** Shows the first password on standard error and not in the log, which others may read. */
export const onStandardError: Announcer = {
  announce: (uname, password) =>
    say(
      `\n  The first user is ${uname}, with the password\n\n      ${password}\n\n` +
        '  It is shown this once. Choose your own at the first login.\n\n',
    ),
  withdraw() {
    // The server works without it.
    say(
      '  The password above is not used: the store has got an admin meanwhile, from another server or the command line.\n\n',
    ).catch(() => {})
  },
}

/** Writes all of a text. Rejects if nobody can see it. Never blocks: a terminal may stand still. */
async function say(text: string): Promise<void> {
  if (isNowhere()) throw new Error('Standard error is closed, or leads to /dev/null.')
  let rest = Buffer.from(text)
  while (rest.length > 0) {
    try {
      const { bytesWritten } = await promisify(write)(STANDARD_ERROR, rest)
      rest = rest.subarray(bytesWritten)
    } catch (error) {
      if ((error as { code?: string }).code !== 'EAGAIN') throw error
      await Bun.sleep(AGAIN_MS)
    }
  }
}

/** Bun opens /dev/null in place of a standard error that is closed. */
function isNowhere(): boolean {
  try {
    return fstatSync(STANDARD_ERROR).rdev === statSync('/dev/null').rdev
  } catch {
    return false
  }
}

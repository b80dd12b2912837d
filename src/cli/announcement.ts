import { fstatSync, statSync } from 'node:fs'
import type { Announcer } from '../first-admin.ts'
import { standardError } from '../output.ts'

const STANDARD_ERROR = 2

/** Prints the first password on standard error, not in the log, since other people may read the log. */
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

/**
 * Writes the whole text to standard error. Rejects if nobody can see it. Never blocks, even if the terminal
 * is stopped.
 */
async function say(text: string): Promise<void> {
  if (isNowhere()) throw new Error('Standard error is closed, or leads to /dev/null.')
  await standardError.deliver(text)
}

/** Bun opens /dev/null in place of a closed standard error. */
function isNowhere(): boolean {
  try {
    return fstatSync(STANDARD_ERROR).rdev === statSync('/dev/null').rdev
  } catch {
    return false
  }
}

import { fstatSync, statSync } from 'node:fs'
import type { Announcer } from '../first-admin.ts'
import { standardError } from '../output.ts'

const STANDARD_ERROR = 2

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
  await standardError.deliver(text)
}

/** Bun opens /dev/null in place of a standard error that is closed. */
function isNowhere(): boolean {
  try {
    return fstatSync(STANDARD_ERROR).rdev === statSync('/dev/null').rdev
  } catch {
    return false
  }
}

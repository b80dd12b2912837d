import { Refusal } from '../errors.ts'

const SHORTEST = 8

/** Longest password, in bytes of UTF-8. A longer one is refused without hashing it. */
export const PASSWORD_BYTES = 1_024

/** ASVS 5.0, 6.2.4: the 3,000 most common passwords that are long enough to be allowed. */
const COMMON_PASSWORDS = 3_000

/** What an attacker knows about a user and this server, and so tries first (ASVS 5.0, 6.1.2). */
export interface PasswordContext {
  readonly uname?: string | undefined
  readonly email?: string | undefined
  readonly fullname?: string | undefined
}

/** This product's name, which no password may be. */
const PRODUCT = 'cloakroom'

/**
 * Throws if a password is too easy to guess. Allows any characters and requires no mix of them. `known` lists
 * more words that must not be the password, such as the server's host.
 */
export async function requirePassword(
  password: string,
  context: PasswordContext = {},
  known: readonly string[] = [],
): Promise<void> {
  const folded = fold(password)
  if ([...password].length < SHORTEST) {
    throw new Refusal(
      'password_too_short',
      `A password has ${SHORTEST} characters or more; choose a longer one.`,
    )
  }
  if (
    Buffer.byteLength(password) > PASSWORD_BYTES ||
    Buffer.byteLength(toHashed(password)) > PASSWORD_BYTES
  ) {
    throw new Refusal(
      'password_too_long',
      `A password has ${PASSWORD_BYTES} bytes at most; choose a shorter one.`,
    )
  }
  if (new Set(folded).size === 1) {
    throw new Refusal(
      'password_too_simple',
      'This password is one character, repeated; choose one with more than one character in it.',
    )
  }
  if (wordsOf(context, known).some((word) => repeats(folded, word))) {
    throw new Refusal(
      'password_too_simple',
      'This password is the name or the email address of the user, or the name of this server; choose another one.',
    )
  }
  if ((await readCommonest()).has(folded)) {
    throw new Refusal(
      'password_too_common',
      'This is one of the commonest passwords, which are tried first; choose another one.',
    )
  }
}

/**
 * Returns the form in which a password is hashed. Unicode can spell one text in several ways, and keyboards
 * differ.
 */
export const toHashed = (password: string): string => password.normalize('NFC')

const fold = (text: string): string => text.normalize('NFKC').toLowerCase()

function wordsOf({ uname, email, fullname }: PasswordContext, known: readonly string[]): readonly string[] {
  const all = [uname, email, email?.split('@')[0], fullname, fullname?.replaceAll(' ', ''), PRODUCT, ...known]
  return all.filter((word) => word !== undefined && word !== '').map((word) => fold(word ?? ''))
}

/** Tells whether a text is a word repeated, forwards or backwards. Takes linear time. */
function repeats(text: string, word: string): boolean {
  if (text.length % word.length !== 0) return false
  const times = text.length / word.length
  return text === word.repeat(times) || text === [...word].reverse().join('').repeat(times)
}

let commonest: Promise<ReadonlySet<string>> | null = null

/** Read when the first password is chosen, since most runs of the program never need it. */
function readCommonest(): Promise<ReadonlySet<string>> {
  commonest ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => {
    const all = dictionary['passwords-common'] as readonly string[]
    return new Set(all.filter((password) => password.length >= SHORTEST).slice(0, COMMON_PASSWORDS))
  })
  return commonest
}

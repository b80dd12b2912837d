import pLimit from 'p-limit'
import { Refusal } from '../errors.ts'
import { HashThreads, type PasswordCost } from './hash-threads.ts'

/** OWASP Password Storage: argon2id with 19 MiB and two passes. Part of every hash, so a change holds for new ones only. */
const COST: PasswordCost = { memoryCost: 19_456, timeCost: 2 }

/** Hashes that may wait for their turn; beyond that the server says that it is busy. */
const LONGEST_QUEUE = 256

const SHORTEST = 8
const LONGEST_BYTES = 1_024

/** ASVS 5.0, 6.2.4: the 3,000 commonest that are long enough to be chosen at all. */
const COMMONEST = 3_000

/** Hashes and verifies passwords, a bounded number at once, so that a storm of logins takes neither all memory nor all cores. */
export class Passwords {
  readonly #turn: ReturnType<typeof pLimit>
  readonly #cost: PasswordCost
  readonly #threads = new HashThreads()
  #dummy: Promise<string> | null = null

  constructor(atOnce: number, cost: PasswordCost = COST) {
    this.#turn = pLimit(atOnce)
    this.#cost = cost
  }

  /** Begins with what the first login would have to wait for: a thread, and a hash for a user that does not exist. */
  prepare(): void {
    this.#dummy ??= this.#hashDummy()
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#turn.pendingCount
  }

  hash(password: string): Promise<string> {
    return this.#inTurn(() => this.#threads.hash(password, this.#cost))
  }

  /** Whether this is the password of the hash. For null, a user that does not exist, it is false after the same time. */
  async verify(password: string, hash: string | null): Promise<boolean> {
    if (password === '' || Buffer.byteLength(password) > LONGEST_BYTES) return false
    this.#dummy ??= this.#hashDummy()
    const against = hash ?? (await this.#dummy)
    return (await this.#inTurn(() => this.#threads.verify(password, against))) && hash !== null
  }

  #hashDummy(): Promise<string> {
    const dummy = this.hash(crypto.randomUUID())
    // One that failed is made again, or no unknown user would ever be answered.
    dummy.catch(() => {
      this.#dummy = null
    })
    return dummy
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#turn.pendingCount >= LONGEST_QUEUE) {
      throw new Refusal(
        'busy',
        'Too many logins are under way at this moment. Try again in a few seconds.',
        5,
      )
    }
    return this.#turn(work)
  }
}

/** Refuses a password that nobody should choose. Any characters will do, and no mixture of them is asked for. */
export async function requirePassword(password: string): Promise<void> {
  if ([...password].length < SHORTEST) {
    throw new Refusal(
      'password_too_short',
      `A password has ${SHORTEST} characters or more; choose a longer one.`,
    )
  }
  if (Buffer.byteLength(password) > LONGEST_BYTES) {
    throw new Refusal(
      'password_too_long',
      `A password has ${LONGEST_BYTES} bytes at most; choose a shorter one.`,
    )
  }
  if ((await readCommonest()).has(password.toLowerCase())) {
    throw new Refusal(
      'password_too_common',
      'This is one of the commonest passwords, which are tried first; choose another one.',
    )
  }
}

let commonest: Promise<ReadonlySet<string>> | null = null

/** Read when the first password is chosen: most runs of the program never need it. */
function readCommonest(): Promise<ReadonlySet<string>> {
  commonest ??= import('@zxcvbn-ts/language-common').then(({ dictionary }) => {
    const all = dictionary['passwords-common'] as readonly string[]
    return new Set(all.filter((password) => password.length >= SHORTEST).slice(0, COMMONEST))
  })
  return commonest
}

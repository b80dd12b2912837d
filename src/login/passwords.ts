import pLimit from 'p-limit'
import { Refusal } from '../errors.ts'
import { HashThreads, type PasswordCost } from './hash-threads.ts'
import { PASSWORD_BYTES, toHashed } from './password-rules.ts'

/** OWASP Password Storage: argon2id with 19 MiB and two passes. Part of every hash, so a change holds for new ones only. */
const COST: PasswordCost = { memoryCost: 19_456, timeCost: 2 }

/** Hashes that may wait for their turn; beyond that the server says that it is busy. */
const LONGEST_QUEUE = 256

/** Before the hash of a first password. It goes with the hash: whatever replaces that, a change by whomever, takes it away. */
const FIRST = 'first:'

/** Marks the hash of a password that its user has to change before anything else. */
export const asFirstPassword = (hash: string): string => FIRST + hash

/** Whether a hash is that of a password which its user has to change. */
export const isFirstPassword = (hash: string): boolean => hash.startsWith(FIRST)

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
    return this.#inTurn(() => this.#threads.hash(toHashed(password), this.#cost))
  }

  /**
   * Whether this is the password of the hash: as it was typed, for hashes of what was typed, or else in the form that is hashed
   * now. For null, a user that does not exist, it is false after the same time.
   */
  async verify(password: string, hash: string | null): Promise<boolean> {
    if (password === '' || Buffer.byteLength(password) > PASSWORD_BYTES) return false
    this.#dummy ??= this.#hashDummy()
    const against = hash === null ? await this.#dummy : hash.replace(FIRST, '')
    for (const form of new Set([password, toHashed(password)])) {
      if (await this.#inTurn(() => this.#threads.verify(form, against))) return hash !== null
    }
    return false
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

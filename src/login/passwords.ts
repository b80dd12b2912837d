import { HashQueue, type Party } from './hash-queue.ts'
import { HashThreads, type PasswordCost } from './hash-threads.ts'
import { PASSWORD_BYTES, toHashed } from './password-rules.ts'

/**
 * OWASP Password Storage: argon2id with 19 MiB and 2 passes. Each hash carries its cost, so a change affects
 * new hashes only.
 */
const COST: PasswordCost = { memoryCost: 19_456, timeCost: 2 }

/** Hashes that no login asks for: at the start, and for admins. */
const OWN: Party = { isKnown: true, name: '' }

/** Stands for a text that cannot be a password. It is compared with the hash of a random text. */
const IMPOSSIBLE = 'impossible'

/**
 * Prefix of a first password's hash. Any change of the password replaces the hash and so removes the prefix.
 */
const FIRST = 'first:'

/** Marks the hash of a password that the user must change first. */
export const asFirstPassword = (hash: string): string => FIRST + hash

/** Tells whether the user must change the password of this hash first. */
export const isFirstPassword = (hash: string): boolean => hash.startsWith(FIRST)

/**
 * Hashes and verifies passwords, a limited number at once, so that a storm of logins takes neither all memory
 * nor all cores.
 */
export class Passwords {
  readonly #queue: HashQueue
  readonly #cost: PasswordCost
  readonly #threads = new HashThreads()
  #dummy: Promise<string> | null = null

  constructor(atOnce: number, cost: PasswordCost = COST) {
    this.#queue = new HashQueue(atOnce)
    this.#cost = cost
  }

  /**
   * Prepares what the first login would otherwise wait for: a thread, and the hash used for unknown users.
   */
  prepare(): void {
    this.#dummy ??= this.#hashDummy()
  }

  /** How many passwords wait for their turn. */
  get waiting(): number {
    return this.#queue.waiting
  }

  hash(password: string, party: Party = OWN): Promise<string> {
    return this.#queue.run(party, () => this.#threads.hash(toHashed(password), this.#cost))
  }

  /**
   * Tells whether the password matches the hash: as typed for old hashes, or in the form that is hashed now.
   * For null (an unknown user) and for impossible passwords it returns false after the same time, so that
   * such guesses are no faster.
   */
  async verify(password: string, hash: string | null, party: Party = OWN): Promise<boolean> {
    const isPossible = password !== '' && Buffer.byteLength(password) <= PASSWORD_BYTES
    this.#dummy ??= this.#hashDummy()
    const against = hash === null || !isPossible ? await this.#dummy : hash.replace(FIRST, '')
    for (const form of isPossible ? new Set([password, toHashed(password)]) : [IMPOSSIBLE]) {
      if (await this.#queue.run(party, () => this.#threads.verify(form, against))) return hash !== null
    }
    return false
  }

  #hashDummy(): Promise<string> {
    const dummy = this.hash(crypto.randomUUID())
    // After a failure the hash is made again; otherwise logins of unknown users would fail for ever.
    dummy.catch(() => {
      this.#dummy = null
    })
    return dummy
  }
}

import { HashQueue, type Party } from './hash-queue.ts'
import { HashThreads, type PasswordCost } from './hash-threads.ts'
import { PASSWORD_BYTES, toHashed } from './password-rules.ts'

/** OWASP Password Storage: argon2id with 19 MiB and two passes. Part of every hash, so a change holds for new ones only. */
const COST: PasswordCost = { memoryCost: 19_456, timeCost: 2 }

/** Hashes that nobody at the login asks for: at the start, and for admins. */
const OWN: Party = { isKnown: true, name: '' }

/** Stands for a password that cannot be one. The hash that it is held against is that of something random. */
const IMPOSSIBLE = 'impossible'

/** Before the hash of a first password. It goes with the hash: whatever replaces that, a change by whomever, takes it away. */
const FIRST = 'first:'

/** Marks the hash of a password that its user has to change before anything else. */
export const asFirstPassword = (hash: string): string => FIRST + hash

/** Whether a hash is that of a password which its user has to change. */
export const isFirstPassword = (hash: string): boolean => hash.startsWith(FIRST)

/** Hashes and verifies passwords, a bounded number at once, so that a storm of logins takes neither all memory nor all cores. */
export class Passwords {
  readonly #queue: HashQueue
  readonly #cost: PasswordCost
  readonly #threads = new HashThreads()
  #dummy: Promise<string> | null = null

  constructor(atOnce: number, cost: PasswordCost = COST) {
    this.#queue = new HashQueue(atOnce)
    this.#cost = cost
  }

  /** Begins with what the first login would have to wait for: a thread, and a hash for a user that does not exist. */
  prepare(): void {
    this.#dummy ??= this.#hashDummy()
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queue.waiting
  }

  hash(password: string, party: Party = OWN): Promise<string> {
    return this.#queue.run(party, () => this.#threads.hash(toHashed(password), this.#cost))
  }

  /**
   * Whether this is the password of the hash: as it was typed, for hashes of what was typed, or else in the form that is hashed
   * now. For null, a user that does not exist, and for what no password can be, it is false after the same time: guesses that
   * cost nothing would come faster.
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
    // One that failed is made again, or no unknown user would ever be answered.
    dummy.catch(() => {
      this.#dummy = null
    })
    return dummy
  }
}

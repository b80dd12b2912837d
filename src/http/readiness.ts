import { Refusal } from '../errors.ts'

/** Seconds after which it is worth asking again a server that is starting or stopping. */
const RETRY_S = 1

/**
 * Whether this server should get requests: not before its first admin can log in, and not once it stops. Other requests than logins
 * and `/readyz` do not wait for it.
 */
export class Readiness {
  readonly #hasAdmin: () => Promise<boolean>
  /** Why nobody can log in yet, as a sentence; null: an admin can. */
  #obstacle: string | null = 'This server is starting and makes its first admin. Try again in a second.'
  /** Whether an admin may come from elsewhere, such as the command line. */
  #isWaiting = false
  #isStopping = false
  #isPortClosed = false

  /** `hasAdmin` asks the store. */
  constructor(hasAdmin: () => Promise<boolean>) {
    this.#hasAdmin = hasAdmin
  }

  /**
   * Whether a connection is closed behind its answer. A trusted proxy keeps it until the port is closed: else it would connect anew
   * for each request, and be about to when the port closes.
   */
  isLastAnswer(isProxy: () => boolean): boolean {
    return this.#isStopping && (this.#isPortClosed || !isProxy())
  }

  /** An admin can log in. */
  open(): void {
    this.#obstacle = null
  }

  /** No admin can log in until somebody does what the sentence says. */
  wait(obstacle: string): void {
    this.#obstacle = obstacle
    this.#isWaiting = true
  }

  /** The server stops, and should get no more requests. */
  stop(): void {
    this.#isStopping = true
  }

  /** Nobody can connect any more. */
  closePort(): void {
    this.#isPortClosed = true
  }

  /** Refuses a login that could not succeed, whatever its password. */
  async requireLogins(): Promise<void> {
    if (this.#obstacle === null) return
    if (this.#isWaiting && (await this.#hasAdmin())) this.open()
    else throw new Refusal('busy', this.#obstacle, RETRY_S)
  }

  /** Refuses if this server should get no requests now. */
  async require(): Promise<void> {
    if (this.#isStopping) throw new Refusal('busy', 'This server is stopping. Ask another one.', RETRY_S)
    await this.requireLogins()
  }
}

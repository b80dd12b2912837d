import { Refusal } from '../errors.ts'

/** Seconds after which a client may retry while the server starts or stops. */
const RETRY_S = 1

/**
 * Whether this server should get requests: only after its first admin can log in, and not while it stops.
 * Only logins and `/readyz` depend on it.
 */
export class Readiness {
  readonly #hasAdmin: () => Promise<boolean>
  /** Why nobody can log in yet, as a sentence; null: an admin can. */
  #obstacle: string | null = 'This server is starting and makes its first admin. Try again in a second.'
  /** Whether an admin may be created elsewhere, such as on the command line. */
  #isWaiting = false
  #isStopping = false
  #isPortClosed = false

  /** `hasAdmin` asks the store. */
  constructor(hasAdmin: () => Promise<boolean>) {
    this.#hasAdmin = hasAdmin
  }

  /**
   * Whether the connection closes after this response. A trusted proxy keeps its connection until the port
   * closes: otherwise it would reconnect for each request, perhaps just when the port closes.
   */
  isLastAnswer(isProxy: () => boolean): boolean {
    return this.#isStopping && (this.#isPortClosed || !isProxy())
  }

  /** Marks that an admin can log in. */
  open(): void {
    this.#obstacle = null
  }

  /** Marks that no admin can log in until an operator does what the sentence says. */
  wait(obstacle: string): void {
    this.#obstacle = obstacle
    this.#isWaiting = true
  }

  /** Marks that the server is stopping and should get no more requests. */
  stop(): void {
    this.#isStopping = true
  }

  /** Marks that nobody can connect any more. */
  closePort(): void {
    this.#isPortClosed = true
  }

  /** Throws for a login that could not succeed with any password. */
  async requireLogins(): Promise<void> {
    if (this.#obstacle === null) return
    if (this.#isWaiting && (await this.#hasAdmin())) this.open()
    else throw new Refusal('busy', this.#obstacle, RETRY_S)
  }

  /** Throws if this server should get no requests now. */
  async require(): Promise<void> {
    if (this.#isStopping) throw new Refusal('busy', 'This server is stopping. Ask another one.', RETRY_S)
    await this.requireLogins()
  }
}

import { Refusal } from '../errors.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Token } from '../session/token.ts'
import type { StoredUser } from '../store/store.ts'
import type { Devices } from './devices.ts'
import type { Party } from './hash-queue.ts'
import { isFirstPassword, type Passwords } from './passwords.ts'
import type { Attempter, Throttle } from './throttle.ts'
import type { Users } from './users.ts'

/** One attempt to log in, as the request carries it. */
export interface Attempt {
  readonly uname: string
  readonly password: string
  /** Whether the session gets CSRF protection. */
  readonly isProtected: boolean
  /** The request's tokens: their sessions end, and one issued before a login may be kept. */
  readonly presented: readonly Token[]
  /**
   * Whether the client is a program rather than a browser. A program may keep the pre-login token that it
   * presented.
   */
  readonly isProgram: boolean
  /** The request's device cookies. */
  readonly devices: readonly string[]
  readonly address: string
  readonly userAgent: string
}

/** The logged-in user, the client's address, and the session. */
interface Who {
  readonly uname: string
  readonly handle: string
  readonly address: string
  readonly devices: readonly string[]
}

/** What a client receives for a login. */
export interface Begun {
  readonly token: Token
  /** A device cookie for the browser, or null for a program. */
  readonly device: string | null
}

interface Parts {
  readonly users: Users
  readonly passwords: Passwords
  readonly throttle: Throttle
  readonly sessions: Sessions
  readonly devices: Devices
  /** Whether programs may keep the pre-login tokens that they present. */
  readonly keepsTokens: boolean
}

/** Turns a user name and a password into a session. */
export class Login {
  readonly #users: Users
  readonly #passwords: Passwords
  readonly #throttle: Throttle
  readonly #sessions: Sessions
  readonly #devices: Devices
  readonly #keepsTokens: boolean

  constructor({ users, passwords, throttle, sessions, devices, keepsTokens }: Parts) {
    this.#users = users
    this.#passwords = passwords
    this.#throttle = throttle
    this.#sessions = sessions
    this.#devices = devices
    this.#keepsTokens = keepsTokens
  }

  /**
   * Begins a session. Refuses wrong credentials with the same message and after the same time, whatever was
   * wrong.
   */
  async logIn(attempt: Attempt): Promise<Begun> {
    const begun = await this.#throttle.attempt(await this.#attempter(attempt), (party) =>
      this.#begin(attempt, party),
    )
    await this.#sessions.endAll(attempt.presented.filter((earlier) => earlier !== begun.token))
    return begun
  }

  /**
   * Changes the user's own password. Checks the old one like a login does, with the same limits. Ends all
   * other sessions of the user and returns how many.
   */
  async changePassword(who: Who, old: string, password: string): Promise<number> {
    return this.#throttle.attempt(await this.#attempter(who), () =>
      this.#users.changePassword(who.uname, old, password, who.handle),
    )
  }

  /** Throws unless the password is the logged-in user's. Wrong guesses are limited as at a login. */
  async requirePassword(who: Omit<Who, 'handle'>, password: string): Promise<void> {
    return this.#throttle.attempt(await this.#attempter(who), () =>
      this.#users.requirePasswordOf(who.uname, password),
    )
  }

  async #attempter({ uname, address, devices }: Omit<Who, 'handle'>): Promise<Attempter> {
    return { uname, address, device: await this.#devices.find(devices, uname, () => this.#users.find(uname)) }
  }

  async #begin(attempt: Attempt, party: Party): Promise<Begun> {
    const { uname, password, isProtected, address, userAgent } = attempt
    const user = await this.#users.find(uname)
    const right = await this.#passwords.verify(password, user?.passwordHash ?? null, party)
    if (!right || user === null || user.disabled) throw wrongCredentials()
    const isFirst = isFirstPassword(user.passwordHash)
    // A new token's letter records that the password was a first one.
    const keepable = isFirst ? [] : this.#keepable(attempt)
    const kept = await this.#keptToken(user, keepable)
    if (kept !== null) return { token: kept, device: null }
    const { generation } = user
    const keep = keepable.find((token) => this.#sessions.isPreLoginToken(token)) ?? null
    const token = await this.#sessions.begin({
      uname,
      generation,
      address,
      userAgent,
      isProtected,
      isFirst,
      keep,
      replaced: attempt.presented,
    })
    // Null: the user was disabled, deleted or given another password during the verification.
    if (token === null) throw wrongCredentials()
    return { token, device: attempt.isProgram ? null : this.#devices.newCookie(attempt.devices, user) }
  }

  /** Returns the tokens that this attempt may keep. */
  #keepable({ isProtected, isProgram, presented }: Attempt): readonly Token[] {
    return isProtected || !isProgram || !this.#keepsTokens ? [] : presented
  }

  /**
   * Returns the token of a live session that a program kept for an earlier login as this user, or null.
   * Changes nothing.
   */
  async #keptToken({ uname, generation }: StoredUser, keepable: readonly Token[]): Promise<Token | null> {
    for (const token of keepable) {
      if (!(await this.#sessions.isKeptBy(uname, token))) continue
      // The session may have survived a password change that must stop this login.
      if ((await this.#users.find(uname))?.generation !== generation) throw wrongCredentials()
      return token
    }
    return null
  }
}

const wrongCredentials = () =>
  new Refusal('wrong_credentials', 'The user name or the password is wrong. Check both and try again.')

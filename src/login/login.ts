import { Refusal } from '../errors.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Token } from '../session/token.ts'
import type { StoredUser } from '../store/store.ts'
import type { Devices } from './devices.ts'
import type { Party } from './hash-queue.ts'
import { isFirstPassword, type Passwords } from './passwords.ts'
import type { Attempter, Throttle } from './throttle.ts'
import type { Users } from './users.ts'

/** One attempt to log in, as the wire brought it. */
export interface Attempt {
  readonly uname: string
  readonly password: string
  /** Whether the session is to have CSRF protection. */
  readonly isProtected: boolean
  /** The tokens that came with the request: sessions of theirs end, and one issued before a login may be kept. */
  readonly presented: readonly Token[]
  /** Whether the client is a program and no browser, so that it may keep the pre-login token that it presented. */
  readonly isProgram: boolean
  /** The device cookies that came with the request. */
  readonly devices: readonly string[]
  readonly address: string
  readonly userAgent: string
}

/** Who is logged in, where, and by which session. */
interface Who {
  readonly uname: string
  readonly handle: string
  readonly address: string
  readonly devices: readonly string[]
}

/** What a client gets for a login. */
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
  /** Whether programs may keep the pre-login token that they present. */
  readonly keepsTokens: boolean
}

/** Turns a name and a password into a session. */
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

  /** Begins a session. Refuses, in the same time and words, whatever it was that was wrong. */
  async logIn(attempt: Attempt): Promise<Begun> {
    const begun = await this.#throttle.attempt(await this.#attempter(attempt), (party) =>
      this.#begin(attempt, party),
    )
    await this.#sessions.endAll(attempt.presented.filter((earlier) => earlier !== begun.token))
    return begun
  }

  /**
   * A user's own change of password, for which the old one is asked as at a login, and as slowly. Ends all sessions of the user but
   * the one of the handle; how many.
   */
  async changePassword(who: Who, old: string, password: string): Promise<number> {
    return this.#throttle.attempt(await this.#attempter(who), () =>
      this.#users.changePassword(who.uname, old, password, who.handle),
    )
  }

  /** Refuses a password that is not that of the user who is logged in; guessing is slowed as at a login. */
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
    // The letter of a new token is what says that the password was a first one.
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
    // Null: the user was disabled, deleted or given another password while this one was being verified.
    if (token === null) throw wrongCredentials()
    return { token, device: attempt.isProgram ? null : this.#devices.newCookie(attempt.devices, user) }
  }

  /** The tokens that this attempt may keep. */
  #keepable({ isProtected, isProgram, presented }: Attempt): readonly Token[] {
    return isProtected || !isProgram || !this.#keepsTokens ? [] : presented
  }

  /** The token of a live session that a program kept for an earlier login as this user, or null. Begins and revives nothing. */
  async #keptToken({ uname, generation }: StoredUser, keepable: readonly Token[]): Promise<Token | null> {
    for (const token of keepable) {
      if (!(await this.#sessions.isKeptBy(uname, token))) continue
      // The session may have outlived a change of the password, which has to stop this login.
      if ((await this.#users.find(uname))?.generation !== generation) throw wrongCredentials()
      return token
    }
    return null
  }
}

const wrongCredentials = () =>
  new Refusal('wrong_credentials', 'The user name or the password is wrong. Check both and try again.')

import { randomInt } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { Clock } from '../session/lifetime.ts'
import { allOf } from '../store/pages.ts'
import type {
  Page,
  Revocation,
  Store,
  StoredUser,
  UserChange,
  UserOutcome,
  UserRule,
} from '../store/store.ts'
import { type Passwords, requirePassword } from './passwords.ts'

/** The role that opens `/admin/…`. Some enabled user always has it. */
export const ADMIN = 'admin'

/** Longest name of a user, in bytes of UTF-8; the same holds for a role, and twice that for the other fields. */
const NAME_BYTES = 128

/** What may be said of a user; whatever is left out stays as it is, or is empty. */
export interface UserFields {
  readonly fullname?: string
  readonly email?: string
  /** From `Users.hashNew`. */
  readonly passwordHash?: string
  readonly roles?: readonly string[]
  readonly disabled?: boolean
}

/** A user as admins see one, over HTTP and on the command line: never with the password, in whatever form. */
export const shownUser = ({ uname, fullname, email, roles, disabled }: StoredUser) => ({
  uname,
  fullname,
  email,
  roles,
  disabled,
})

/** Roles as they are kept: each once, in the order in which they were first named. */
export const distinct = (roles: readonly string[]): readonly string[] => [...new Set(roles)]

/** The rules for users. Their sessions end, and logins under way with them, whenever a rule of the contract asks for it. */
export class Users {
  readonly #store: Store
  readonly #passwords: Passwords
  readonly #clock: Clock

  constructor(store: Store, passwords: Passwords, clock: Clock) {
    this.#store = store
    this.#passwords = passwords
    this.#clock = clock
  }

  find(uname: string): Promise<StoredUser | null> {
    return this.#store.readUser(uname)
  }

  async require(uname: string): Promise<StoredUser> {
    return (await this.find(uname)) ?? refuseAbsent(uname)
  }

  list(after: string | null, limit: number): Promise<Page<StoredUser>> {
    return this.#store.listUsers(after, limit)
  }

  /** Whether an enabled user has the role `admin`. */
  async hasAdmin(): Promise<boolean> {
    for await (const { roles, disabled } of allOf((after, limit) => this.list(after, limit))) {
      if (!disabled && roles.includes(ADMIN)) return true
    }
    return false
  }

  /** The hash of a new password, which takes a while; refuses one that nobody should have. */
  async hashNew(password: string): Promise<string> {
    await requirePassword(password)
    return this.#passwords.hash(password)
  }

  /** Refuses what `create` would, before anybody is asked for a password. */
  async requireNew(uname: string, fields: UserFields): Promise<void> {
    requireUser(uname, fields)
    if ((await this.find(uname)) !== null) refuseTaken(uname)
  }

  async create(uname: string, { passwordHash, ...fields }: UserFields): Promise<void> {
    requireUser(uname, fields)
    if (passwordHash === undefined) throw new Refusal('missing_parameter', 'A new user needs a password.')
    const user: StoredUser = {
      uname,
      fullname: fields.fullname ?? '',
      email: fields.email ?? '',
      passwordHash,
      roles: distinct(fields.roles ?? []),
      disabled: fields.disabled ?? false,
      generation: newGeneration(),
    }
    if (!(await this.#store.insertUser(user))) refuseTaken(uname)
  }

  /** Changes what is named; a new password, or disabling, ends all sessions of the user. How many ended. */
  async update(uname: string, fields: UserFields): Promise<number> {
    requireFields(fields)
    const { roles, passwordHash, disabled } = fields
    const change = roles === undefined ? fields : { ...fields, roles: distinct(roles) }
    const ends = passwordHash !== undefined || disabled === true
    return this.#change(uname, change, ends ? { generation: newGeneration(), except: null } : null)
  }

  /**
   * A user's own change of password; it ends all sessions of the user but the one of the handle. How many ended. Nothing is changed if
   * that one, or all of the user's, have ended meanwhile: whoever did that must not be undone by what was under way.
   */
  async changePassword(uname: string, old: string, password: string, handle: string): Promise<number> {
    const user = await this.require(uname)
    await requirePassword(password)
    await this.#requireRight(old, user)
    const change = { passwordHash: await this.#passwords.hash(password) }
    return this.#change(uname, change, { generation: newGeneration(), except: handle }, user.generation)
  }

  /** Refuses a password that is not that of the user. */
  async requirePasswordOf(uname: string, password: string): Promise<void> {
    await this.#requireRight(password, await this.require(uname))
  }

  /** Ends all sessions of a user but the one of the handle (null: all), and logins under way. How many ended. */
  endSessions(uname: string, except: string | null): Promise<number> {
    return this.#change(uname, {}, { generation: newGeneration(), except })
  }

  /** Deletes the user and ends all sessions of that name; how many ended. */
  async delete(uname: string): Promise<number> {
    return endedOf(uname, await this.#store.deleteUser(uname, this.#rule(null)))
  }

  async #requireRight(password: string, { passwordHash }: StoredUser): Promise<void> {
    if (await this.#passwords.verify(password, passwordHash)) return
    throw new Refusal('wrong_password', 'That is not your present password; nothing was changed.')
  }

  async #change(
    uname: string,
    change: UserChange,
    revocation: Revocation | null,
    generation: number | null = null,
  ): Promise<number> {
    return endedOf(uname, await this.#store.updateUser(uname, change, revocation, this.#rule(generation)))
  }

  #rule(generation: number | null): UserRule {
    return { now: this.#clock(), keeper: ADMIN, generation }
  }
}

/** Random and not counted, so that a user who is deleted and made again does not come back to an old one. */
const newGeneration = () => randomInt(2 ** 48 - 1)

const refuseAbsent = (uname: string): never => {
  throw new Refusal('no_such_user', `There is no user ${uname.slice(0, NAME_BYTES).toWellFormed()}.`)
}

const refuseTaken = (uname: string): never => {
  throw new Refusal(
    'user_exists',
    `There is a user ${uname} already; choose another name, or update that one.`,
  )
}

function endedOf(uname: string, outcome: UserOutcome): number {
  if (outcome === 'absent') return refuseAbsent(uname)
  if (outcome === 'changed') {
    throw new Refusal('not_logged_in', 'The session has ended meanwhile; nothing was changed. Log in again.')
  }
  if (outcome === 'last') {
    throw new Refusal('last_admin', `${uname} is the last admin; give another user the role ${ADMIN} first.`)
  }
  return outcome.ended
}

/** Visible text without blanks at its ends: what can be typed again from looking at it. */
const NAME = /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u

function requireName(what: string, text: string): void {
  if (Buffer.byteLength(text) > NAME_BYTES || !NAME.test(text)) {
    throw new Refusal(
      'invalid_parameter',
      `${what} is 1 to ${NAME_BYTES} bytes of visible characters without a blank at either end.`,
    )
  }
}

/** Refuses a name and fields that no user can have. */
export function requireUser(uname: string, fields: UserFields): void {
  requireName('The name of a user', uname)
  requireFields(fields)
}

function requireFields({ fullname = '', email = '', roles = [] }: UserFields): void {
  for (const [what, text] of [
    ['fullname', fullname],
    ['email', email],
  ]) {
    if (/\p{C}/u.test(text as string) || Buffer.byteLength(text as string) > 2 * NAME_BYTES) {
      throw new Refusal(
        'invalid_parameter',
        `${what} is at most ${2 * NAME_BYTES} bytes of visible characters.`,
      )
    }
  }
  for (const role of roles) {
    requireName('A role', role)
    if (role.includes(','))
      throw new Refusal('invalid_parameter', 'A role holds no comma: commas separate roles.')
  }
}

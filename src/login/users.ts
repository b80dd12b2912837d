import { randomInt } from 'node:crypto'
import { Refusal } from '../errors.ts'
import type { Clock } from '../session/lifetime.ts'
import { allOf } from '../store/pages.ts'
import type {
  Millis,
  Page,
  Revocation,
  Store,
  StoredUser,
  UserChange,
  UserOutcome,
  UserRule,
} from '../store/store.ts'
import type { Party } from './hash-queue.ts'
import { newLooksAlike, toName } from './names.ts'
import { type PasswordContext, requirePassword } from './password-rules.ts'
import { isFirstPassword, type Passwords } from './passwords.ts'
import { searchUsers } from './user-search.ts'

/** The role that allows `/admin/…`. At least one enabled user always has it. */
export const ADMIN = 'admin'

/**
 * Longest user name, in bytes of UTF-8. The same limit holds for a role; the other fields may be twice as
 * long.
 */
const NAME_BYTES = 128

/** How long the cached names of admins, with which new names are compared, stay valid. */
const ADMINS_KEPT_MS: Millis = 60_000

/** The fields of a user. A field that is left out stays unchanged, or is empty for a new user. */
export interface UserFields {
  readonly fullname?: string
  readonly email?: string
  /** From `Users.hashNew`. */
  readonly passwordHash?: string
  readonly roles?: readonly string[]
  readonly disabled?: boolean
}

/**
 * Returns a user as admins see it, over HTTP and on the command line: never with the password or its hash.
 */
export const shownUser = ({ uname, fullname, email, roles, disabled }: StoredUser) => ({
  uname,
  fullname,
  email,
  roles,
  disabled,
})

/** Returns the roles without duplicates, in the order in which they were first named. */
export const distinct = (roles: readonly string[]): readonly string[] => [...new Set(roles)]

/** The rules for users. Ends a user's sessions, and logins in progress, whenever the contract requires it. */
export class Users {
  readonly #store: Store
  readonly #passwords: Passwords
  readonly #clock: Clock
  readonly #knownWords: readonly string[]
  #admins: { readonly names: readonly string[]; readonly readAt: Millis } | null = null

  /** `knownWords` lists what no password may be besides the user's own data, such as the server's host. */
  constructor(store: Store, passwords: Passwords, clock: Clock, knownWords: readonly string[] = []) {
    this.#store = store
    this.#passwords = passwords
    this.#clock = clock
    this.#knownWords = knownWords
  }

  async find(uname: string): Promise<StoredUser | null> {
    const name = toName(uname)
    const user = await this.#store.readUser(name)
    // Users created before names were normalised are stored as they were typed.
    return user === null && name !== uname ? this.#store.readUser(uname) : user
  }

  /** Returns a user's name as it is stored, for any Unicode spelling. */
  async nameOf(uname: string): Promise<string> {
    const name = toName(uname)
    return name === uname ? name : ((await this.find(uname))?.uname ?? name)
  }

  async require(uname: string): Promise<StoredUser> {
    return (await this.find(uname)) ?? refuseAbsent(uname)
  }

  list(after: string | null, limit: number): Promise<Page<StoredUser>> {
    return this.#store.listUsers(after, limit)
  }

  /** Returns users whose names begin with `prefix`, ignoring case, in the order of `list`. */
  search(prefix: string, after: string | null, limit: number): Promise<Page<StoredUser>> {
    return searchUsers(this.#store, prefix, after, limit)
  }

  /** Tells whether an enabled user has the role `admin`. */
  async hasAdmin(): Promise<boolean> {
    // The user of a first start: for most stores this one read is enough.
    const admin = await this.find(ADMIN)
    if (admin !== null && !admin.disabled && admin.roles.includes(ADMIN)) return true
    for await (const { roles, disabled } of allOf((after, limit) => this.list(after, limit))) {
      if (!disabled && roles.includes(ADMIN)) return true
    }
    return false
  }

  /** Hashes a new password, which takes a while. Throws if this user must not have it. */
  async hashNew(password: string, context: PasswordContext): Promise<string> {
    await requirePassword(password, context, this.#knownWords)
    return this.#passwords.hash(password)
  }

  /** Throws what `create` would throw, before the caller asks for a password. */
  async requireNew(uname: string, fields: UserFields): Promise<void> {
    requireUser(uname, fields)
    const name = toName(uname)
    // A user created before names were normalised may have a decomposed name.
    for (const each of new Set([name, uname, name.normalize('NFD')]))
      if ((await this.#store.readUser(each)) !== null) refuseTaken(each)
    await this.#refuseLookalike(name, distinct(fields.roles ?? []).includes(ADMIN))
  }

  async create(uname: string, { passwordHash, ...fields }: UserFields): Promise<void> {
    await this.requireNew(uname, fields)
    if (passwordHash === undefined) throw new Refusal('missing_parameter', 'A new user needs a password.')
    const user: StoredUser = {
      uname: toName(uname),
      fullname: fields.fullname ?? '',
      email: fields.email ?? '',
      passwordHash,
      roles: distinct(fields.roles ?? []),
      disabled: fields.disabled ?? false,
      generation: newGeneration(),
    }
    if (!(await this.#store.insertUser(user))) refuseTaken(uname)
    if (user.roles.includes(ADMIN)) this.#admins = null
  }

  /**
   * Changes the given fields. A new password, or disabling, ends all sessions of the user. Returns how many
   * ended.
   */
  async update(uname: string, fields: UserFields): Promise<number> {
    requireFields(fields)
    const { roles, passwordHash, disabled } = fields
    if (roles?.includes(ADMIN)) {
      await this.#refuseLookalike(await this.nameOf(uname), true)
      this.#admins = null
    }
    const change = roles === undefined ? fields : { ...fields, roles: distinct(roles) }
    const ends = passwordHash !== undefined || disabled === true
    return this.#change(uname, change, ends ? { generation: newGeneration(), except: null } : null)
  }

  /**
   * Changes a user's own password and ends all sessions but the one with the handle. Returns how many ended.
   * Changes nothing if that session, or all of the user's, have ended meanwhile: a request in flight must not
   * undo that.
   */
  async changePassword(uname: string, old: string, password: string, handle: string): Promise<number> {
    const user = await this.require(uname)
    await requirePassword(password, user, this.#knownWords)
    await this.#requireRight(old, user)
    if (password === old && isFirstPassword(user.passwordHash))
      throw new Refusal('invalid_parameter', 'new is the first password itself. Choose one of your own.')
    const change = { passwordHash: await this.#passwords.hash(password, toParty(user)) }
    return this.#change(uname, change, { generation: newGeneration(), except: handle }, user.generation)
  }

  /** Throws unless the password is the user's. */
  async requirePasswordOf(uname: string, password: string): Promise<void> {
    await this.#requireRight(password, await this.require(uname))
  }

  /**
   * Ends all sessions of a user but the one with the handle (null: all), and logins in progress. Returns how
   * many.
   */
  endSessions(uname: string, except: string | null): Promise<number> {
    return this.#change(uname, {}, { generation: newGeneration(), except })
  }

  /** Deletes the user and ends the user's sessions. Returns how many ended. */
  async delete(uname: string): Promise<number> {
    return endedOf(uname, await this.#store.deleteUser(await this.nameOf(uname), this.#rule(null)))
  }

  async #requireRight(password: string, user: StoredUser): Promise<void> {
    if (await this.#passwords.verify(password, user.passwordHash, toParty(user))) return
    throw new Refusal('wrong_password', 'That is not your current password. Nothing was changed.')
  }

  async #change(
    uname: string,
    change: UserChange,
    revocation: Revocation | null,
    generation: number | null = null,
  ): Promise<number> {
    const name = await this.nameOf(uname)
    return endedOf(uname, await this.#store.updateUser(name, change, revocation, this.#rule(generation)))
  }

  /**
   * Throws if a name looks like that of an admin, so that a user cannot pose as one. For a new admin's name,
   * throws if it looks like any user's.
   */
  async #refuseLookalike(uname: string, isAdmin: boolean): Promise<void> {
    const looksAlike = await newLooksAlike()
    for await (const other of isAdmin ? this.#names(() => true) : await this.#readAdmins()) {
      if (other === uname || !looksAlike(uname, other)) continue
      throw new Refusal(
        'name_looks_alike',
        `The name ${uname} looks like ${other}, ${isAdmin ? 'and one of them would be an admin' : 'who is an admin'}; choose another one.`,
      )
    }
  }

  /**
   * Returns the names of all admins, cached for a while, since users are sometimes created by the thousand.
   */
  async #readAdmins(): Promise<readonly string[]> {
    const now = this.#clock()
    if (this.#admins === null || Math.abs(now - this.#admins.readAt) > ADMINS_KEPT_MS) {
      const names = await Array.fromAsync(this.#names(({ roles }) => roles.includes(ADMIN)))
      this.#admins = { names, readAt: now }
    }
    return this.#admins.names
  }

  async *#names(isWanted: (user: StoredUser) => boolean): AsyncGenerator<string> {
    for await (const user of allOf((after, limit) => this.list(after, limit)))
      if (isWanted(user)) yield user.uname
  }

  #rule(generation: number | null): UserRule {
    return { now: this.#clock(), keeper: ADMIN, generation }
  }
}

/** Users who are logged in never wait behind strangers. */
const toParty = ({ uname }: StoredUser): Party => ({ isKnown: true, name: uname })

/**
 * Random rather than counted, so that a user who is deleted and created again does not get an old generation.
 */
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

/** Visible text without spaces at its ends: a person can type it again after reading it. */
const NAME = /^[^\p{C}\p{Z}](?:[^\p{C}]*[^\p{C}\p{Z}])?$/u

function requireName(what: string, text: string): void {
  if (Buffer.byteLength(text) > NAME_BYTES || !NAME.test(text)) {
    throw new Refusal(
      'invalid_parameter',
      `${what} is 1 to ${NAME_BYTES} bytes of visible characters without a blank at either end.`,
    )
  }
}

/** Throws if the name or a field is not allowed. */
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

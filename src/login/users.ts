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

/** The role that opens `/admin/…`. Some enabled user always has it. */
export const ADMIN = 'admin'

/** Longest name of a user, in bytes of UTF-8; the same holds for a role, and twice that for the other fields. */
const NAME_BYTES = 128

/** How long the names of admins are used that were read from the store, by which a new name is compared. */
const ADMINS_KEPT: Millis = 60_000

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
  readonly #knownWords: readonly string[]
  #admins: { readonly names: readonly string[]; readonly readAt: Millis } | null = null

  /** `knownWords`: what no password may be, besides what is known of its user, such as the host of the server. */
  constructor(store: Store, passwords: Passwords, clock: Clock, knownWords: readonly string[] = []) {
    this.#store = store
    this.#passwords = passwords
    this.#clock = clock
    this.#knownWords = knownWords
  }

  async find(uname: string): Promise<StoredUser | null> {
    const name = toName(uname)
    const user = await this.#store.readUser(name)
    // Users from before names were stored in one form have theirs as it was typed.
    return user === null && name !== uname ? this.#store.readUser(uname) : user
  }

  /** The name of a user as it is stored, whichever spelling of Unicode it is given in. */
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

  /** Users whose names begin with `prefix`, whatever its case, in the order of `list`. */
  search(prefix: string, after: string | null, limit: number): Promise<Page<StoredUser>> {
    return searchUsers(this.#store, prefix, after, limit)
  }

  /** Whether an enabled user has the role `admin`. */
  async hasAdmin(): Promise<boolean> {
    // The one that a first start makes: most stores need no look at anybody else.
    const admin = await this.find(ADMIN)
    if (admin !== null && !admin.disabled && admin.roles.includes(ADMIN)) return true
    for await (const { roles, disabled } of allOf((after, limit) => this.list(after, limit))) {
      if (!disabled && roles.includes(ADMIN)) return true
    }
    return false
  }

  /** The hash of a new password, which takes a while; refuses one that this user should not have. */
  async hashNew(password: string, context: PasswordContext): Promise<string> {
    await requirePassword(password, context, this.#knownWords)
    return this.#passwords.hash(password)
  }

  /** Refuses what `create` would, before anybody is asked for a password. */
  async requireNew(uname: string, fields: UserFields): Promise<void> {
    requireUser(uname, fields)
    const name = toName(uname)
    // A user from before names were stored in one form may have this one decomposed.
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

  /** Changes what is named; a new password, or disabling, ends all sessions of the user. How many ended. */
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
   * A user's own change of password; it ends all sessions of the user but the one of the handle. How many ended. Nothing is changed if
   * that one, or all of the user's, have ended meanwhile: whoever did that must not be undone by what was under way.
   */
  async changePassword(uname: string, old: string, password: string, handle: string): Promise<number> {
    const user = await this.require(uname)
    await requirePassword(password, user, this.#knownWords)
    await this.#requireRight(old, user)
    if (password === old && isFirstPassword(user.passwordHash))
      throw new Refusal('invalid_parameter', 'new is the first password itself. Choose one of your own.')
    const change = { passwordHash: await this.#passwords.hash(password, partyOf(user)) }
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
    return endedOf(uname, await this.#store.deleteUser(await this.nameOf(uname), this.#rule(null)))
  }

  async #requireRight(password: string, user: StoredUser): Promise<void> {
    if (await this.#passwords.verify(password, user.passwordHash, partyOf(user))) return
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
   * Refuses a name that looks like that of an admin, so that nobody is taken for one; and, for a name that is to be an admin's,
   * one that looks like that of any user.
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

  /** The names of all admins, read again after a while: users are many, and are sometimes made by the thousand. */
  async #readAdmins(): Promise<readonly string[]> {
    const now = this.#clock()
    if (this.#admins === null || Math.abs(now - this.#admins.readAt) > ADMINS_KEPT) {
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

/** Those who are logged in wait behind no stranger. */
const partyOf = ({ uname }: StoredUser): Party => ({ isKnown: true, name: uname })

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

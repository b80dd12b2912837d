import { randomBytes } from 'node:crypto'
import type { Audit } from './audit.ts'
import { isRefusal, Refusal, SetupError } from './errors.ts'
import type { Readiness } from './http/readiness.ts'
import type { Log } from './log.ts'
import { requirePassword } from './login/password-rules.ts'
import { asFirstPassword } from './login/passwords.ts'
import { ADMIN, type Users } from './login/users.ts'
import { RAISE_FILES } from './threads.ts'
import { untilAnswered } from './wait.ts'

/**
 * Milliseconds that a start waits for standard error to accept the password; then it goes on without an
 * admin.
 */
const SHOWING_MS = 2_000

/** Shows the random password of the first admin to the operator. */
export interface Announcer {
  /** Resolves when the password was shown. Rejects if that failed; then no admin is created. */
  announce(uname: string, password: string): Promise<void> | void
  /** Tells the operator that the password just shown is not used, since another admin exists by now. */
  withdraw(): void
}

interface Parts {
  readonly users: Users
  readonly audit: Audit
  readonly log: Log
  readonly readiness: Readiness
  readonly announcer: Announcer
  /** Called for failures after the start went on. */
  readonly fault: (error: unknown) => void
}

const CONTEXT = { uname: ADMIN }

const NO_ADMIN = 'No enabled user has the role admin. Make one with: cloakroom user add NAME --role admin'

const NOT_SHOWN =
  'Standard error cannot take the random password of the first admin, so no admin was made and nobody can log in. ' +
  'Make one with `cloakroom user add admin --role admin`, or set CLOAKROOM_ADMIN_PASSWORD and start again.'

/**
 * Creates the user `admin` at the first start, and opens the server to logins when an admin can log in.
 * Changes nothing if the store has an admin of any name, or a user named `admin` or similarly. `password`
 * null: a random one.
 */
export async function makeFirstAdmin(parts: Parts, password: string | null): Promise<void> {
  const { users, log, readiness } = parts
  // Asked first: otherwise an admin that another server creates in between would count as a user without the
  // role.
  const isFree = await untilAnswered(() => isFreeName(users))
  if (await untilAnswered(() => users.hasAdmin())) return readiness.open()
  if (!isFree) {
    log.warn({ event: 'no_admin' }, NO_ADMIN)
    return readiness.open()
  }
  if (password === null) return makeWithRandom(parts)
  await requireFirstPassword(password)
  await create(parts, await hash(users, password))
  readiness.open()
}

/** Tells whether the name `admin` is free: no user has it or one that looks like it. */
async function isFreeName(users: Users): Promise<boolean> {
  try {
    await users.requireNew(ADMIN, { roles: [ADMIN] })
    return true
  } catch (cause) {
    if (cause instanceof Refusal) return false
    throw cause
  }
}

/**
 * Shows a random password, then creates the admin, so that a kill in between leaves no admin with an unseen
 * password.
 */
async function makeWithRandom(parts: Parts): Promise<void> {
  const { users, log, readiness, announcer, fault } = parts
  const password = randomBytes(15).toString('base64url')
  const passwordHash = asFirstPassword(await hash(users, password))
  // Another server on this store may have been first while this one hashed.
  if (await untilAnswered(() => users.hasAdmin())) return readiness.open()
  const giveUp = (err: unknown) => {
    readiness.wait(NOT_SHOWN)
    log.error({ event: 'no_admin', err }, NOT_SHOWN)
  }
  const made = show(announcer, password).then(async (failure) => {
    if (failure !== null) return giveUp(failure)
    if ((await users.hasAdmin()) || !(await create(parts, passwordHash))) announcer.withdraw()
    readiness.open()
  })
  // A stopped terminal does not hold up the start. When it continues, the admin is created.
  const isSlow = await Promise.race([made.then(() => false), Bun.sleep(SHOWING_MS).then(() => true)])
  if (!isSlow) return
  giveUp(new Error('Standard error took nothing in time.'))
  made.catch(fault)
}

/** Shows the password. Resolves with the reason why it could not be shown, or null. */
async function show(announcer: Announcer, password: string): Promise<unknown> {
  try {
    await announcer.announce(ADMIN, password)
    return null
  } catch (error) {
    return error
  }
}

async function hash(users: Users, password: string): Promise<string> {
  try {
    return await users.hashNew(password, CONTEXT)
  } catch (cause) {
    if (!isRefusal(cause, 'busy')) throw cause
    throw new SetupError(`There is no room to hash the password of the first admin. ${RAISE_FILES}`, {
      cause,
    })
  }
}

/** Resolves with false if another server on this store created the admin first. */
async function create({ users, audit }: Parts, passwordHash: string): Promise<boolean> {
  try {
    await users.create(ADMIN, { passwordHash, roles: [ADMIN] })
  } catch (cause) {
    if (cause instanceof Refusal) return false
    throw cause
  }
  audit.info({ event: 'user_create', uname: ADMIN }, 'made the first user, admin')
  return true
}

/** Throws a `SetupError` if the password for the first admin is not allowed. */
export async function requireFirstPassword(password: string): Promise<void> {
  try {
    await requirePassword(password, CONTEXT)
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause
    throw new SetupError(
      `CLOAKROOM_ADMIN_PASSWORD (or its file) is no password for the first admin. ${cause.message}`,
      {
        cause,
      },
    )
  }
}

import { pageOf } from '../pages.ts'
import type { Revocation, Store, StoredUser, UserChange, UserOutcome, UserRule } from '../store.ts'
import type { Ends } from './ends.ts'
import { ENDING, indexKey, isHandle, KEEPERS, memberOf, NAMES, SECRETS, userKey } from './keys.ts'
import type { Link } from './link.ts'
import { readStored } from './sessions.ts'
import { DELETE_USER, INSERT_USER, LIST_USERS, SECRET, UPDATE_USER } from './user-scripts.ts'

type Users = Pick<
  Store,
  'insertUser' | 'readUser' | 'listUsers' | 'updateUser' | 'deleteUser' | 'readSecret' | 'listSecrets'
>

/** Users, and the secrets that all nodes share. */
export function newUsers(link: Link, ends: Ends): Users {
  const keysOf = (uname: string) => [userKey(uname), NAMES, KEEPERS, indexKey(uname), ENDING] as const

  /** How many ended of those that a script has named, or what it said instead. */
  const outcomeOf = async (uname: string, said: unknown, { now }: UserRule): Promise<UserOutcome> =>
    Array.isArray(said)
      ? { ended: await ends.finish({ uname, members: said, reason: 'revoked' }, now) }
      : (said as UserOutcome)

  /** What the index of a user has of a session that is live, or null. If it is of another user, that index does not have it. */
  const memberFor = async (handle: string, { now }: UserRule) => {
    const session = isHandle(handle) ? await readStored(link, handle, now) : null
    return session && memberOf(handle, session.beganAt)
  }

  const readUser = async (uname: string) => {
    const key = userKey(uname)
    return userOf(uname, (await link.read(key, ['HGETALL', key])) as string[])
  }

  return {
    async insertUser(user) {
      const { uname, roles, disabled } = user
      const head = [uname, JSON.stringify(roles), flagOf(disabled)]
      return (
        (await link.write(INSERT_USER, [userKey(uname), NAMES, KEEPERS], [...head, ...fieldsOf(user)])) === 1
      )
    },

    readUser,

    async listUsers(after, limit) {
      const from = after === null ? '-' : `(${after}`
      const found = await link.look(LIST_USERS, [NAMES], [from, String(limit + 1), userKey('')])
      const users = (found as [string, string[]][]).map(([uname, fields]) => userOf(uname, fields))
      return pageOf(
        users.filter((user) => user !== null),
        limit,
        ({ uname }) => uname,
      )
    },

    async updateUser(uname, change, revocation, rule) {
      const except = revocation?.except ?? null
      // Read before the step that decides: one whose end is decided meanwhile is no longer there for it.
      const spared = except === null ? '' : await memberFor(except, rule)
      if (spared === null) return (await readUser(uname)) === null ? 'absent' : 'changed'
      const said = await link.write(UPDATE_USER, keysOf(uname), [
        ...ruleOf(uname, rule),
        revocation === null ? '0' : '1',
        spared,
        ...newFields(change, revocation),
      ])
      return outcomeOf(uname, said, rule)
    },

    async deleteUser(uname, rule) {
      return outcomeOf(uname, await link.write(DELETE_USER, keysOf(uname), ruleOf(uname, rule)), rule)
    },

    readSecret: (name, candidate) => link.write(SECRET, [SECRETS], [name, candidate]) as Promise<string>,

    listSecrets: async () => pairsOf((await link.read(SECRETS, ['HGETALL', SECRETS])) as string[]),
  }
}

const flagOf = (is: boolean) => (is ? '1' : '0')

const ruleOf = (uname: string, { keeper, generation }: UserRule) => [
  uname,
  keeper,
  generation === null ? '' : String(generation),
]

/** The roles and whether the user is disabled, if they change, then the fields and values of all that does. */
function newFields(change: UserChange, revocation: Revocation | null): readonly string[] {
  const { roles, disabled } = change
  const generation = revocation === null ? {} : { generation: revocation.generation }
  return [
    roles === undefined ? '' : JSON.stringify(roles),
    disabled === undefined ? '' : flagOf(disabled),
    ...fieldsOf({ ...change, ...generation }),
  ]
}

function fieldsOf({
  fullname,
  email,
  passwordHash,
  roles,
  disabled,
  generation,
}: Partial<StoredUser>): readonly string[] {
  const fields = {
    fullname,
    email,
    passwordHash,
    roles: roles && JSON.stringify(roles),
    disabled: disabled === undefined ? undefined : flagOf(disabled),
    generation: generation === undefined ? undefined : String(generation),
  }
  return Object.entries(fields).flatMap(([field, value]) => (value === undefined ? [] : [field, value]))
}

/** What `HGETALL` gives. */
function pairsOf(all: readonly string[]): Map<string, string> {
  const pairs = new Map<string, string>()
  for (let i = 0; i < all.length; i += 2) pairs.set(all[i] as string, all[i + 1] as string)
  return pairs
}

function userOf(uname: string, fields: readonly string[]): StoredUser | null {
  if (fields.length === 0) return null
  const kept = pairsOf(fields)
  return {
    uname,
    fullname: kept.get('fullname') ?? '',
    email: kept.get('email') ?? '',
    passwordHash: kept.get('passwordHash') ?? '',
    roles: JSON.parse(kept.get('roles') ?? '[]'),
    disabled: kept.get('disabled') === '1',
    generation: Number(kept.get('generation')),
  }
}

import type { Store, StoredUser, UserRule } from '../../../src/store/store.ts'
import { ALL, type Fault, later } from './fault.ts'

const anyRule: UserRule = { now: 0, keeper: '', generation: null }

/** Reads of users, changed. */
const reading =
  (change: (user: StoredUser) => StoredUser): Fault =>
  (good) => ({
    async readUser(uname) {
      const user = await good.readUser(uname)
      return user && change(user)
    },
  })

export const userFaults: Record<string, Fault> = {
  'a user is never found': () => ({ readUser: async () => null }),
  'an absent user is somebody': (good) => ({
    readUser: async (uname) =>
      (await good.readUser(uname)) ?? (await good.listUsers(null, 1)).items[0] ?? null,
  }),
  'roles are joined by commas': reading((user) => ({ ...user, roles: user.roles.join(',').split(',') })),
  'a generation has 32 bits': reading((user) => ({ ...user, generation: user.generation | 0 })),
  'insertion overwrites a user': (good) => ({
    async insertUser(user) {
      if (await good.insertUser(user)) return true
      await good.updateUser(user.uname, user, null, anyRule)
      return false
    },
  }),
  'insertion says always that it succeeded': (good) => ({
    async insertUser(user) {
      await good.insertUser(user)
      return true
    },
  }),
  'insertion looks whether the name is taken, and then inserts': (good) => ({
    async insertUser(user) {
      const isTaken = (await good.readUser(user.uname)) !== null
      await later()
      if (isTaken) return false
      await good.insertUser(user)
      return true
    },
  }),
  'names lose their case': (good) => ({
    insertUser: (user) => good.insertUser({ ...user, uname: user.uname.toLowerCase() }),
    readUser: (uname) => good.readUser(uname.toLowerCase()),
  }),
  'users are looked up in an object': (good) => ({
    readUser: async (uname) => {
      const inherited = ({} as Record<string, unknown>)[uname]
      return inherited === undefined ? good.readUser(uname) : (inherited as StoredUser)
    },
  }),
  'users are listed in the order of UTF-16': (good) => sortingUsers(good, (a, b) => (a < b ? -1 : 1)),
  'users are listed in the order of a language': (good) => sortingUsers(good, (a, b) => a.localeCompare(b)),
  'users are listed in no order': (good) => sortingUsers(good, () => 0),
  'pages of users begin with the last of the one before': (good) => ({
    async listUsers(after, limit) {
      const { items } = await good.listUsers(null, ALL)
      const rest = items.filter(({ uname }) => after === null || uname >= after)
      const page = rest.slice(0, limit)
      return { items: page, next: rest.length > limit && limit > 1 ? (page.at(-1)?.uname ?? null) : null }
    },
  }),
  'pages of users begin anew when the last of the one before was deleted': (good) => ({
    async listUsers(after, limit) {
      const all = (await good.listUsers(null, ALL)).items
      const from = all.findIndex(({ uname }) => uname === after) + 1
      const items = all.slice(from, from + limit)
      return { items, next: from + limit < all.length ? (items.at(-1)?.uname ?? null) : null }
    },
  }),
  'a full page of users promises a next one': (good) => ({
    async listUsers(after, limit) {
      const page = await good.listUsers(after, limit)
      return { ...page, next: page.items.length === limit ? (page.items.at(-1)?.uname ?? null) : page.next }
    },
  }),
  'the list of no users promises a next page': (good) => ({
    async listUsers(after, limit) {
      const page = await good.listUsers(after, limit)
      return page.items.length === 0 ? { ...page, next: '' } : page
    },
  }),
  'a list of users leaves out roles': (good) => ({
    async listUsers(after, limit) {
      const page = await good.listUsers(after, limit)
      return { ...page, items: page.items.map((user) => ({ ...user, roles: [] })) }
    },
  }),
  'a change does nothing': (good) => ({
    updateUser: (uname, _, revocation, rule) => good.updateUser(uname, {}, revocation, rule),
  }),
  'a change empties what it does not name': (good) => ({
    updateUser: (uname, change, revocation, rule) =>
      good.updateUser(uname, { fullname: '', email: '', ...change }, revocation, rule),
  }),
  'a change reads the user, and then writes the user': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const user = await good.readUser(uname)
      await later()
      const { uname: _, generation: __, ...fields } = user ?? ({} as StoredUser)
      return good.updateUser(uname, { ...fields, ...change }, revocation, rule)
    },
  }),
  'a change makes a user that is absent': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (outcome === 'absent') await good.insertUser(blank(uname))
      return outcome
    },
  }),
  'deletion does nothing': (good) => ({
    deleteUser: async (uname) => ((await good.readUser(uname)) === null ? 'absent' : { ended: 0 }),
  }),
  'deletion goes by a pattern': (good) => ({
    async deleteUser(uname, rule) {
      const outcome = await good.deleteUser(uname, rule)
      if (!uname.endsWith('_')) return outcome
      for (const other of (await good.listUsers(null, ALL)).items) {
        const isMatch = other.uname.startsWith(uname.slice(0, -1)) && [...other.uname].length === uname.length
        if (isMatch) await good.deleteUser(other.uname, anyRule)
      }
      return outcome
    },
  }),
  'deletion only disables': (good) => ({
    deleteUser: (uname, rule) =>
      good.updateUser(uname, { disabled: true }, { generation: 1, except: null }, rule),
  }),
  'a secret is always the candidate': () => ({ readSecret: async (_, candidate) => candidate }),
  'a secret is looked for, and then kept': () => {
    const secrets = new Map<string, string>()
    return {
      async readSecret(name, candidate) {
        const kept = secrets.get(name)
        await later()
        if (kept !== undefined) return kept
        secrets.set(name, candidate)
        return candidate
      },
    }
  },
  'an empty secret is none': (good) => ({
    async readSecret(name, candidate) {
      return (await good.readSecret(name, candidate)) || candidate
    },
  }),
  'all secrets are one': (good) => ({ readSecret: (_, candidate) => good.readSecret('', candidate) }),
  'close does not wait': (good) => {
    let isClosed = false
    return {
      async putAttributes(...args) {
        await later()
        return isClosed ? new Promise(() => {}) : good.putAttributes(...args)
      },
      async close() {
        isClosed = true
      },
    }
  },
}

const sortingUsers = (good: Store, compare: (a: string, b: string) => number): Partial<Store> => ({
  async listUsers(after, limit) {
    const all = (await good.listUsers(null, ALL)).items
      .toReversed()
      .toSorted((a, b) => compare(a.uname, b.uname))
    const from = all.findIndex(({ uname }) => uname === after) + 1
    const items = all.slice(from, from + limit)
    return { items, next: from + limit < all.length ? (items.at(-1)?.uname ?? null) : null }
  },
})

const blank = (uname: string): StoredUser => ({
  uname,
  fullname: '',
  email: '',
  passwordHash: '',
  roles: [],
  disabled: false,
  generation: 0,
})

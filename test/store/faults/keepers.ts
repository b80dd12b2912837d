import type { Store, StoredUser } from '../../../src/store/store.ts'
import { ALL, type Fault, later } from './fault.ts'

const others = async (good: Store, uname: string): Promise<readonly StoredUser[]> =>
  (await good.listUsers(null, ALL)).items.filter((user) => user.uname !== uname)

/** Says `last` as `isKeeper` sees it, and for the rest has no rule. */
const ruling =
  (isKeeper: (user: StoredUser, keeper: string) => boolean): Fault =>
  (good) => {
    const isLast = async (uname: string, keeper: string, after: StoredUser | null) => {
      const user = await good.readUser(uname)
      if (user === null || !isKeeper(user, keeper) || (after !== null && isKeeper(after, keeper)))
        return false
      return !(await others(good, uname)).some((other) => isKeeper(other, keeper))
    }
    return {
      async updateUser(uname, change, revocation, rule) {
        const user = await good.readUser(uname)
        if (user !== null && (await isLast(uname, rule.keeper, { ...user, ...change }))) return 'last'
        return good.updateUser(uname, change, revocation, { ...rule, keeper: '' })
      },
      async deleteUser(uname, rule) {
        if (await isLast(uname, rule.keeper, null)) return 'last'
        return good.deleteUser(uname, { ...rule, keeper: '' })
      },
    }
  }

export const keeperFaults: Record<string, Fault> = {
  'a change knows no last keeper': (good) => ({
    updateUser: (uname, change, revocation, rule) =>
      good.updateUser(uname, change, revocation, { ...rule, keeper: '' }),
  }),
  'deletion knows no last keeper': (good) => ({
    deleteUser: (uname, rule) => good.deleteUser(uname, { ...rule, keeper: '' }),
  }),
  'a disabled keeper counts': ruling((user, keeper) => user.roles.includes(keeper)),
  'a role that begins alike counts': ruling(
    (user, keeper) => !user.disabled && user.roles.some((role) => role.startsWith(keeper)),
  ),
  'a role is looked for in the whole text': ruling(
    (user, keeper) => !user.disabled && JSON.stringify(user).includes(keeper),
  ),
  'the rule is looked at, and then the change happens': (good) => {
    const rules = ruling((user, keeper) => !user.disabled && user.roles.includes(keeper))(good)
    const { updateUser = good.updateUser, deleteUser = good.deleteUser } = rules
    let waiting = 0
    const overlapping = async <T>(decide: (store: Store) => Promise<T>): Promise<T> => {
      waiting++
      await later()
      const isAlone = waiting === 1
      await later()
      waiting--
      return decide({ ...good, ...(isAlone ? { updateUser, deleteUser } : withoutRule(good)) })
    }
    return {
      updateUser: (...args) => overlapping((store) => store.updateUser(...args)),
      deleteUser: (...args) => overlapping((store) => store.deleteUser(...args)),
    }
  },
  'a change that the rule refuses ends sessions': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, change, revocation, rule)
      if (outcome === 'last') await good.updateUser(uname, {}, revocation, { ...rule, keeper: '' })
      return outcome
    },
  }),
  'the last keeper cannot be changed at all': (good) => ({
    async updateUser(uname, change, revocation, rule) {
      const outcome = await good.updateUser(uname, { disabled: true, ...change, roles: [] }, null, {
        ...rule,
        now: 0,
      })
      if (outcome === 'last') return 'last'
      const { uname: _, generation: __, ...before } = (await good.readUser(uname)) as StoredUser
      return good.updateUser(uname, { ...before, ...change }, revocation, rule)
    },
  }),
  'no keeper can ever go': (good) => ({
    async deleteUser(uname, rule) {
      const user = await good.readUser(uname)
      return user?.roles.includes(rule.keeper) && !user.disabled ? 'last' : good.deleteUser(uname, rule)
    },
  }),
  'nobody can go where there is no keeper': (good) => ({
    async deleteUser(uname, rule) {
      const left = (await others(good, uname)).some(
        (user) => !user.disabled && user.roles.includes(rule.keeper),
      )
      return left || (await good.readUser(uname)) === null ? good.deleteUser(uname, rule) : 'last'
    },
  }),
}

const withoutRule = (good: Store): Pick<Store, 'updateUser' | 'deleteUser'> => ({
  updateUser: (uname, change, revocation, rule) =>
    good.updateUser(uname, change, revocation, { ...rule, keeper: '' }),
  deleteUser: (uname, rule) => good.deleteUser(uname, { ...rule, keeper: '' }),
})

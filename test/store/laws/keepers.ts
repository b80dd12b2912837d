import { expect } from 'bun:test'
import type { Store, UserRule } from '../../../src/store/store.ts'
import { givenSessionOf, givenUser, isLive, newName, newSession, now } from '../given.ts'
import type { Law } from '../laws.ts'

/** A rule with a role of its own and one enabled user who has it. */
async function givenKeeper(store: Store) {
  const rule: UserRule = { now, keeper: newName(), generation: null }
  return { rule, keeper: await givenUser(store, { roles: ['other', rule.keeper] }) }
}

const revocation = { generation: 8, except: null }

/** The rule that some enabled user must keep a role. */
export const keeperLaws: readonly Law[] = [
  {
    says: 'the last keeper cannot be disabled, lose the role or be deleted',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      await givenUser(store)
      for (const change of [{ disabled: true }, { roles: ['other'] }, { roles: [] }]) {
        expect(await store.updateUser(keeper.uname, change, null, rule)).toBe('last')
      }
      expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
      expect(await store.readUser(keeper.uname)).toEqual(keeper)
    },
  },
  {
    says: 'a change that the rule refuses ends no session and changes no generation',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      const { id } = await givenSessionOf(store, keeper)
      expect(await store.updateUser(keeper.uname, { disabled: true }, revocation, rule)).toBe('last')
      expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
      expect(await isLive(store, id)).toBe(true)
      expect(await store.readUser(keeper.uname)).toEqual(keeper)
      expect(await store.insertSession(newSession(keeper))).toBe('inserted')
    },
  },
  {
    says: 'the last keeper can be changed in everything else',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      const { id } = await givenSessionOf(store, keeper)
      const change = { email: 'new', passwordHash: 'new', roles: [rule.keeper, 'new'], disabled: false }
      expect(await store.updateUser(keeper.uname, change, revocation, rule)).toEqual({ ended: 1 })
      expect(await store.readUser(keeper.uname)).toEqual({ ...keeper, ...change, generation: 8 })
      expect(await isLive(store, id)).toBe(false)
    },
  },
  {
    says: 'a keeper can go while another enabled one is left',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      const roles = [rule.keeper]
      const [a, b, c] = [
        await givenUser(store, { roles }),
        await givenUser(store, { roles }),
        await givenUser(store, { roles }),
      ]
      expect(await store.updateUser(a.uname, { disabled: true }, null, rule)).toEqual({ ended: 0 })
      expect(await store.updateUser(b.uname, { roles: [] }, null, rule)).toEqual({ ended: 0 })
      expect(await store.deleteUser(keeper.uname, rule)).toEqual({ ended: 0 })
      expect(await store.deleteUser(c.uname, rule)).toBe('last')
    },
  },
  {
    says: 'a disabled user with the role is no keeper, until enabled',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      const other = await givenUser(store, { roles: [rule.keeper], disabled: true })
      expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
      expect(await store.updateUser(keeper.uname, { roles: [] }, null, rule)).toBe('last')
      expect(await store.updateUser(other.uname, { disabled: false }, null, rule)).toEqual({ ended: 0 })
      expect(await store.deleteUser(keeper.uname, rule)).toEqual({ ended: 0 })
    },
  },
  {
    says: 'a role that merely resembles the keeper’s does not count',
    async check(store) {
      const { rule, keeper } = await givenKeeper(store)
      const roles = [
        rule.keeper.toUpperCase(),
        `${rule.keeper}s`,
        rule.keeper.slice(0, -1),
        `"${rule.keeper}"`,
      ]
      await givenUser(store, { roles })
      await givenUser(store, { roles: [], fullname: rule.keeper, email: rule.keeper })
      expect(await store.deleteUser(keeper.uname, rule)).toBe('last')
      expect(await store.updateUser(keeper.uname, { roles }, null, rule)).toBe('last')
    },
  },
  {
    says: 'users who are not keepers can be disabled and deleted whatever keepers there are',
    async check(store) {
      const { rule } = await givenKeeper(store)
      const noneLeft: UserRule = { now, keeper: newName(), generation: null }
      for (const each of [rule, noneLeft]) {
        const [user, disabled] = [
          await givenUser(store, { roles: ['other'] }),
          await givenUser(store, { roles: [each.keeper], disabled: true }),
        ]
        expect(await store.updateUser(user.uname, { disabled: true }, null, each)).toEqual({ ended: 0 })
        expect(await store.deleteUser(user.uname, each)).toEqual({ ended: 0 })
        expect(await store.deleteUser(disabled.uname, each)).toEqual({ ended: 0 })
      }
    },
  },
  {
    says: 'of two keepers who go at once exactly one does',
    async check(store) {
      for (let round = 0; round < 8; round++) {
        const { rule, keeper } = await givenKeeper(store)
        const other = await givenUser(store, { roles: [rule.keeper] })
        const demote = (uname: string) => store.updateUser(uname, { roles: [] }, revocation, rule)
        const disable = (uname: string) => store.updateUser(uname, { disabled: true }, null, rule)
        const remove = (uname: string) => store.deleteUser(uname, rule)
        const ways = [demote, disable, remove]
        const outcomes = await Promise.all([
          ways[round % 3]?.(keeper.uname),
          ways[Math.floor(round / 3)]?.(other.uname),
        ])
        expect(outcomes.filter((outcome) => outcome === 'last')).toHaveLength(1)
        const left = [await store.readUser(keeper.uname), await store.readUser(other.uname)]
        const keepers = left.filter((user) => user?.roles.includes(rule.keeper) && !user.disabled)
        expect(keepers).toHaveLength(1)
      }
    },
  },
]

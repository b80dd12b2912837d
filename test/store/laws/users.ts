import { expect } from 'bun:test'
import { givenUser, newName, noKeeper, pagesOf } from '../given.ts'
import type { Law } from '../laws.ts'

/** Users, and the secrets that the nodes of a server share. */
export const userLaws: readonly Law[] = [
  {
    says: 'a user is read as inserted',
    async check(store) {
      const user = await givenUser(store, {
        fullname: '\'"\\ \u{1f600} é e\u0301\n',
        email: '',
        roles: ['b', 'a', '', '["x"]', 'ä,\u{1f600}'],
        disabled: true,
        generation: 2 ** 48 - 1,
      })
      expect(await store.readUser(user.uname)).toEqual(user)
    },
  },
  {
    says: 'a user that nobody inserted is absent',
    async check(store) {
      const uname = newName()
      const revocation = { generation: 1, except: null }
      for (const nobody of [uname, '', `${uname}\0`]) {
        expect(await store.readUser(nobody)).toBeNull()
        expect(await store.updateUser(nobody, { fullname: 'x' }, null, noKeeper)).toBe('absent')
        expect(await store.updateUser(nobody, {}, revocation, noKeeper)).toBe('absent')
        expect(await store.deleteUser(nobody, noKeeper)).toBe('absent')
        expect(await store.readUser(nobody)).toBeNull()
      }
    },
  },
  {
    says: 'a name that is taken stays with its user',
    async check(store) {
      const user = await givenUser(store)
      expect(await store.insertUser({ ...user, fullname: 'Somebody Else', generation: 9 })).toBe(false)
      expect(await store.readUser(user.uname)).toEqual(user)
    },
  },
  {
    says: 'of many that take a name at once exactly one gets it',
    async check(store) {
      const user = await givenUser(store)
      const uname = newName()
      const users = Array.from({ length: 20 }, (_, i) => ({ ...user, uname, fullname: `number ${i}` }))
      const outcomes = await Promise.all(users.map((candidate) => store.insertUser(candidate)))
      expect(outcomes.filter((inserted) => inserted)).toEqual([true])
      expect(await store.readUser(uname)).toEqual(users[outcomes.indexOf(true)] ?? user)
    },
  },
  {
    says: 'names that differ in anything are different users',
    async check(store) {
      const base = newName()
      const ends = ['', ' ', 'a', 'A', 'é', 'e\u0301', '%', '_', '\u{1f600}', '.__proto__']
      for (const end of ends) await givenUser(store, { uname: base + end, fullname: `ends in ${end}` })
      for (const end of ends) expect((await store.readUser(base + end))?.fullname).toBe(`ends in ${end}`)
      expect(await store.deleteUser(`${base}_`, noKeeper)).toEqual({ ended: 0 })
      for (const end of ends) expect((await store.readUser(base + end)) === null).toBe(end === '_')
    },
  },
  {
    says: 'names that mean something to a language are names like any other',
    needs: 'empty',
    async check(store) {
      const names = ['__proto__', 'constructor', 'toString', 'null', '*', '%']
      for (const uname of names) expect(await store.readUser(uname)).toBeNull()
      for (const uname of names) await givenUser(store, { uname, email: `${uname}@example.com` })
      for (const uname of names) expect((await store.readUser(uname))?.email).toBe(`${uname}@example.com`)
    },
  },
  {
    says: 'users are listed in the order of the UTF-8 bytes of their names',
    needs: 'empty',
    async check(store) {
      const inOrder = [' ', '10', '9', 'B', 'Z', '_', 'a', 'aa', 'b', 'z', 'é', '\uff5e', '\u{1f600}']
      for (const uname of inOrder.toReversed()) await givenUser(store, { uname })
      const pages = await pagesOf((after) => store.listUsers(after, 100))
      expect(pages.map((page) => page.map(({ uname }) => uname))).toEqual([inOrder])
      // Also behind what no name can be.
      for (const [after, first] of [
        ['\0', ' '],
        ['a\0z', 'aa'],
        ['a ', 'aa'],
      ] as const)
        expect((await store.listUsers(after, 1)).items.map(({ uname }) => uname)).toEqual([first])
    },
  },
  {
    says: 'pages of users give each once, whole, and the last says that there is no next one',
    needs: 'empty',
    async check(store) {
      const users = []
      for (const uname of ['a', 'b', 'c', '\uff5e', '\u{1f600}', '\u{1f601}']) {
        users.push(await givenUser(store, { uname, roles: [`role of ${uname}`] }))
      }
      for (const limit of [1, 2, 4, 5, 6, 7]) {
        const pages = await pagesOf((after) => store.listUsers(after, limit))
        expect(pages.flat()).toEqual(users)
        expect(pages).toHaveLength(Math.ceil(6 / limit))
      }
    },
  },
  {
    says: 'the next page of users goes on though the last of the page before was deleted',
    needs: 'empty',
    async check(store) {
      for (const uname of ['a', 'b', 'c', 'd']) await givenUser(store, { uname })
      const { next } = await store.listUsers(null, 2)
      await store.deleteUser('b', noKeeper)
      await givenUser(store, { uname: 'aa' })
      const { items } = await store.listUsers(next, 2)
      expect(items.map(({ uname }) => uname)).toEqual(['c', 'd'])
    },
  },
  {
    says: 'the list of no users is empty',
    needs: 'empty',
    async check(store) {
      expect(await store.listUsers(null, 10)).toEqual({ items: [], next: null })
    },
  },
  {
    says: 'a change of a user changes the named fields, and no other',
    async check(store) {
      const user = await givenUser(store, { roles: ['a'] })
      const other = await givenUser(store)
      const changes = [
        { fullname: '' },
        { email: 'new@example.com' },
        { passwordHash: 'new' },
        { roles: ['b', 'c'] },
        { disabled: true },
        { disabled: false, roles: [] },
        {},
      ]
      let expected = user
      for (const change of changes) {
        expected = { ...expected, ...change }
        expect(await store.updateUser(user.uname, change, null, noKeeper)).toEqual({ ended: 0 })
        expect(await store.readUser(user.uname)).toEqual(expected)
      }
      expect(await store.readUser(other.uname)).toEqual(other)
    },
  },
  {
    says: 'changes of different fields of a user at once do not lose each other',
    async check(store) {
      const user = await givenUser(store)
      const changes = [{ fullname: 'f' }, { email: 'e' }, { passwordHash: 'p' }, { roles: ['r'] }]
      await Promise.all(changes.map((change) => store.updateUser(user.uname, change, null, noKeeper)))
      expect(await store.readUser(user.uname)).toEqual(Object.assign({}, user, ...changes))
    },
  },
  {
    says: 'a user that was deleted is absent, and the name is free',
    async check(store) {
      const user = await givenUser(store)
      const other = await givenUser(store)
      expect(await store.deleteUser(user.uname, noKeeper)).toEqual({ ended: 0 })
      expect(await store.readUser(user.uname)).toBeNull()
      expect(await store.deleteUser(user.uname, noKeeper)).toBe('absent')
      expect(await store.readUser(other.uname)).toEqual(other)
      expect(await store.insertUser({ ...user, generation: 8 })).toBe(true)
    },
  },
  {
    says: 'a secret is the first candidate for its name, for ever',
    async check(store) {
      const [a, b] = [newName(), newName()]
      expect(await store.readSecret(a, 'first \u{1f600}')).toBe('first \u{1f600}')
      expect(await store.readSecret(a, 'second')).toBe('first \u{1f600}')
      expect(await store.readSecret(b, 'second')).toBe('second')
      expect(await store.readSecret(a, '')).toBe('first \u{1f600}')
    },
  },
  {
    says: 'a secret may be empty and its name any text',
    needs: 'empty',
    async check(store) {
      for (const name of ['', '__proto__', 'constructor', 'é', 'e\u0301', 'E']) {
        expect(await store.readSecret(name, '')).toBe('')
        expect(await store.readSecret(name, 'later')).toBe('')
      }
    },
  },
  {
    says: 'a store that works answers when it is asked',
    async check(store) {
      expect(await store.ping()).toBeUndefined()
    },
  },
]

import { expect } from 'bun:test'
import type { Store } from '../../../src/store/store.ts'
import {
  anyVersion,
  attributesOf,
  givenAttributes,
  givenSession,
  givenSessionOf,
  givenUser,
  HOUR,
  idsOf,
  isLive,
  newName,
  newSession,
  noKeeper,
  now,
  put,
  roomy,
  times,
} from '../given.ts'
import type { Law } from '../laws.ts'

/** Adds one to a number that every other client adds to as well, by reading and writing for the version that was read. */
async function increment(store: Store, id: string): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const session = await store.readSession(id, ['n'], now)
    if (session === null) throw new Error('the session is gone')
    const n = String(Number(session.attributes.get('n') ?? 0) + 1)
    const condition = { now, version: session.version }
    const outcome = await store.putAttributes(id, new Map([['n', n]]), roomy, condition)
    if (outcome !== 'version_differs') return
  }
  throw new Error('the version differed every time')
}

/** Many at once. */
export const raceLaws: readonly Law[] = [
  {
    says: 'many puts of different keys at once are all there, each with a version of its own',
    async check(store) {
      const { id } = await givenSession(store)
      const outcomes = await Promise.all(times(256, (i) => put(store, id, [[`k${i}`, `v${i}`]])))
      const versions = outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.version))
      expect(versions.toSorted((a, b) => Number(a) - Number(b))).toEqual(times(256, (i) => i + 2))
      expect(new Map(await attributesOf(store, id))).toEqual(new Map(times(256, (i) => [`k${i}`, `v${i}`])))
    },
  },
  {
    says: 'puts and removes of different keys at once do not lose each other',
    async check(store) {
      const { id } = await givenSession(store)
      await givenAttributes(
        store,
        id,
        times(50, (i) => [`old${i}`, 'x'] as const),
      )
      await Promise.all([
        ...times(50, (i) => put(store, id, [[`new${i}`, 'y']])),
        ...times(50, (i) => store.removeAttributes(id, [`old${i}`], anyVersion)),
      ])
      const keys = (await attributesOf(store, id))?.map(([key]) => key)
      expect(keys).toEqual(times(50, (i) => `new${i}`).toSorted())
      expect((await store.readSession(id, [], now))?.version).toBe(102)
    },
  },
  {
    says: 'clients that count by compare and set lose no count',
    async check(store) {
      const { id } = await givenSession(store)
      await Promise.all(
        times(8, async () => {
          for (let i = 0; i < 5; i++) await increment(store, id)
        }),
      )
      const session = await store.readSession(id, ['n'], now)
      expect([session?.attributes.get('n'), session?.version]).toEqual(['40', 41])
    },
  },
  {
    says: 'of many writes for one version exactly one happens',
    async check(store) {
      const { id } = await givenSession(store)
      const condition = { now, version: 1 }
      const outcomes = await Promise.all([
        ...times(10, (i) => store.putAttributes(id, new Map([[`k${i}`, '']]), roomy, condition)),
        ...times(10, () => store.removeAttributes(id, 'all', condition)),
      ])
      expect(outcomes.filter((outcome) => outcome !== 'version_differs')).toHaveLength(1)
      expect((await store.readSession(id, [], now))?.version).toBe(2)
    },
  },
  {
    says: 'bounds hold however many put at once',
    async check(store) {
      const { id } = await givenSession(store)
      const bounds = { ...roomy, maxAttributes: 10, maxBytes: 10_000 }
      const outcomes = await Promise.all(
        times(40, (i) => store.putAttributes(id, new Map([[`k${i}`, 'x']]), bounds, anyVersion)),
      )
      expect(outcomes.filter((outcome) => outcome === 'too_many')).toHaveLength(30)
      expect(await attributesOf(store, id)).toHaveLength(10)
    },
  },
  {
    says: 'a reader sees all of a put or nothing of it',
    async check(store) {
      const { id } = await givenSession(store)
      const both = (i: number) =>
        [
          ['a', `${i}`],
          ['b', `${i}`],
        ] as const
      await givenAttributes(store, id, both(0))
      const torn: unknown[] = []
      const read = async (keys: readonly string[] | 'all') => {
        const session = await store.readSession(id, keys, now)
        const [a, b] = [session?.attributes.get('a'), session?.attributes.get('b')]
        if (a === undefined || a !== b || session?.version !== Number(a) + 2)
          torn.push([a, b, session?.version])
      }
      for (let i = 1; i <= 30; i++) {
        const before = [read('all'), read(['a', 'b'])]
        await Promise.all([...before, put(store, id, both(i)), read('all'), read(['b', 'a'])])
      }
      expect(torn).toEqual([])
    },
  },
  {
    says: 'whoever writes while a session is ended, nothing is left of it and later writes are absent',
    async check(store) {
      for (let round = 0; round < 20; round++) {
        const { id, uname, handle } = await givenSession(store)
        const write = (i: number) => put(store, id, [[`k${i}`, 'x']])
        const use = () => store.touchSessions([{ id, usedAt: now, endsAt: now + HOUR }], now)
        const before = times(round % 5, write)
        const ending = store.endSession(handle, null, 'revoked', now)
        const after = [...times(5, write), use(), store.removeAttributes(id, ['k0'], anyVersion)]
        expect(await ending).toBe(true)
        expect(await write(99)).toBe('absent')
        expect(await attributesOf(store, id)).toBeNull()
        await Promise.all([...before, ...after])
        expect(await attributesOf(store, id, 0)).toBeNull()
        expect(await idsOf(store, uname)).toEqual([])
      }
    },
  },
  {
    says: 'no login that was under way while a user’s logins ended slips through',
    async check(store) {
      for (let round = 0; round < 20; round++) {
        const user = await givenUser(store)
        const logins = times(8, () => newSession(user))
        const begin = (session: (typeof logins)[number]) => store.insertSession(session)
        const [early, late] = [logins.slice(0, round % 8), logins.slice(round % 8)]
        const beginning = early.map(begin)
        const ending =
          round % 2 === 0
            ? store.updateUser(user.uname, {}, { generation: 8, except: null }, noKeeper)
            : store.deleteUser(user.uname, noKeeper)
        const outcomes = Promise.all([...beginning, ...late.map(begin)])
        expect(await ending).toEqual({ ended: (await outcomes).filter((o) => o === 'inserted').length })
        for (const { id } of logins) expect(await isLive(store, id)).toBe(false)
        expect(await begin(newSession(user))).toBe('user_changed')
      }
    },
  },
  {
    says: 'of two that both end a session with others exactly one counts it',
    async check(store) {
      for (let round = 0; round < 10; round++) {
        const user = await givenUser(store)
        const sessions = await Promise.all(times(4, () => givenSessionOf(store, user)))
        const [one, all] = await Promise.all([
          Promise.all(
            sessions.slice(0, round % 4).map(({ handle }) => store.endSession(handle, null, 'revoked', now)),
          ),
          store.deleteUser(user.uname, noKeeper),
        ])
        const ended = typeof all === 'string' ? 0 : all.ended
        expect(one.filter((did) => did).length + ended).toBe(4)
      }
    },
  },
  {
    says: 'whoever asks first for a secret settles it for all',
    async check(store) {
      const name = newName()
      const candidates = times(20, (i) => `candidate ${i}`)
      const answers = await Promise.all(candidates.map((candidate) => store.readSecret(name, candidate)))
      expect(new Set(answers).size).toBe(1)
      expect(candidates).toContain(answers[0] ?? '')
      expect(await store.readSecret(name, 'later')).toBe(answers[0] ?? '')
    },
  },
  {
    says: 'closing waits for the writes under way',
    needs: 'own',
    async check(store) {
      const { id } = await givenSession(store)
      let stored = 0
      const writes = times(20, async (i) => {
        const outcome = await put(store, id, [[`k${i}`, 'x']])
        if (typeof outcome !== 'string') stored++
      })
      await store.close()
      await Promise.race([Promise.all(writes), Bun.sleep(0)])
      expect(stored).toBe(20)
    },
  },
]

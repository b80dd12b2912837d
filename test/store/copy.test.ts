import { expect, test } from 'bun:test'
import { copyStore } from '../../src/store/copy.ts'
import { matched } from '../../src/store/matched.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { handleOf, type Store, type StoredSession } from '../../src/store/store.ts'
import { givenAttributes, givenSession, givenSessionOf, givenUser, HOUR, now } from './given.ts'

const silent = { begin() {}, advance() {} }

async function* listOf(names: string): AsyncGenerator<string> {
  yield* names
}

async function pairsOf(ours: string, theirs: string): Promise<readonly string[]> {
  const pairs: string[] = []
  for await (const [one, other] of matched(listOf(ours), listOf(theirs), (name) => name))
    pairs.push(`${one ?? '.'}${other ?? '.'}`)
  return pairs.toSorted()
}

test('two lists are matched by name, in whatever order each of them is', async () => {
  expect(await pairsOf('', '')).toEqual([])
  expect(await pairsOf('abc', 'abc')).toEqual(['aa', 'bb', 'cc'])
  expect(await pairsOf('abcd', 'dcba')).toEqual(['aa', 'bb', 'cc', 'dd'])
  expect(await pairsOf('abc', '')).toEqual(['a.', 'b.', 'c.'])
  expect(await pairsOf('', 'ab')).toEqual(['.a', '.b'])
  expect(await pairsOf('abcde', 'cxa')).toEqual(['.x', 'aa', 'b.', 'cc', 'd.', 'e.'])
})

async function givenSource(): Promise<Store> {
  const from = openMemoryStore()
  const { id } = await givenSession(from)
  await givenAttributes(from, id, [['a', '1']])
  await givenSession(from)
  return from
}

/** A target that keeps something else than it is given, in one field of every session. */
const spoils: Record<string, (session: StoredSession) => Partial<StoredSession>> = {
  uname: () => ({ uname: 'somebody else' }),
  beganAt: ({ beganAt }) => ({ beganAt: beganAt - 1 }),
  usedAt: ({ usedAt }) => ({ usedAt: usedAt + 1 }),
  endsAt: ({ endsAt }) => ({ endsAt: endsAt + 1 }),
  latestEndsAt: ({ latestEndsAt }) => ({ latestEndsAt: latestEndsAt + 1 }),
  version: ({ version }) => ({ version: version + 1 }),
  address: () => ({ address: '' }),
  userAgent: ({ userAgent }) => ({ userAgent: `${userAgent} ` }),
}

for (const [field, spoil] of Object.entries(spoils)) {
  test(`a copy fails if the target does not keep ${field} as it was`, async () => {
    const to = openMemoryStore()
    const restoreSession: Store['restoreSession'] = (session, attributes) =>
      to.restoreSession({ ...session, ...spoil(session) }, attributes)
    const copying = copyStore(await givenSource(), { ...to, restoreSession }, now, silent)
    await expect(copying).rejects.toThrow(`(${field})`)
  })
}

/** What else a target can do to what it is given, and what is said of it. */
const faults: Record<string, readonly [fault: (to: Store) => Partial<Store>, says: string]> = {
  'loses attributes': [
    (to) => ({ restoreSession: (session) => to.restoreSession(session, new Map()) }),
    '(attributes)',
  ],
  'loses sessions': [() => ({ restoreSession: async () => 'restored' }), 'first seen at the session'],
  'loses users': [() => ({ insertUser: async () => true }), 'first seen at the user'],
  'changes users': [
    (to) => ({ insertUser: (user) => to.insertUser({ ...user, generation: user.generation + 1 }) }),
    '(generation)',
  ],
  'lists what it cannot read': [() => ({ readSession: async () => null }), '(id)'],
}

for (const [what, [fault, says]] of Object.entries(faults)) {
  test(`a copy fails if the target ${what}`, async () => {
    const to = openMemoryStore()
    await expect(copyStore(await givenSource(), { ...to, ...fault(to) }, now, silent)).rejects.toThrow(says)
  })
}

test('a copy fails if the source goes on', async () => {
  const user = { uname: 'alice', generation: 7 }
  const changes: Record<string, (from: Store, id: string) => Promise<unknown>> = {
    'a put': (from, id) => givenAttributes(from, id, [['b', '2']]),
    'an end': (from, id) => from.endSession(handleOf(id), null, 'revoked', now),
    'a login': (from) => givenSessionOf(from, user),
    'a user': (from) => givenUser(from),
  }
  for (const [what, change] of Object.entries(changes)) {
    const from = openMemoryStore()
    await givenUser(from, user)
    const { id } = await givenSessionOf(from, user)
    let changing: Promise<unknown> | null = null
    const begin = (doing: string) => {
      if (doing === 'Verifying') changing = change(from, id)
    }
    const failed = await copyStore(from, openMemoryStore(), now, { ...silent, begin }).catch(String)
    expect({ what, isChanged: changing !== null, failed }).toEqual({
      what,
      isChanged: true,
      failed: expect.stringMatching(/has changed|that the source has not|not as in the source/),
    })
  }
})

test('what was used in the target since an earlier copy stays as it is', async () => {
  const [from, to] = [await givenSource(), openMemoryStore()]
  await copyStore(from, to, now, silent)
  const [session] = (await to.listSessions({}, null, 1, now)).items
  const use = { id: session?.id ?? '', usedAt: now + 1, endsAt: now + HOUR }
  await to.touchSessions([use], now)
  const { all, there } = await copyStore(from, to, now, silent)
  expect(all).toEqual({ users: 2, sessions: 2 })
  expect(there).toEqual(all)
  expect(await to.readSession(use.id, [], now)).toMatchObject({ usedAt: now + 1, endsAt: now + HOUR })
})

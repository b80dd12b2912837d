import { expect } from 'bun:test'
import fc from 'fast-check'
import { handleOf, type Millis, type Store } from '../../src/store/store.ts'
import { attributesOf, givenUser, idsOf, newId, newSession, noKeeper, now } from './given.ts'

/** So short that sequences run into them: milliseconds, and bounds of attributes. */
const [IDLE, ABSOLUTE] = [10, 25]
const bounds = { maxAttributes: 3, maxBytes: 9, shareBytes: 9, maxUserBytes: 9 }

interface ModelSession {
  readonly user: number
  readonly latestEndsAt: Millis
  usedAt: Millis
  endsAt: Millis
  version: number
  attributes: Map<string, string>
}

const slot = fc.nat({ max: 2 })
const user = fc.nat({ max: 1 })
const key: fc.Arbitrary<string> = fc.constantFrom('a', 'b', 'é', '__proto__')
const value: fc.Arbitrary<string> = fc.constantFrom('', 'x', '👩', 'xxxxx')
/** How far the version that a write is for is from the one there is; null: for any. */
const offset = fc.option(fc.constantFrom(0, 0, -1, 1), { freq: 1 })

const step = fc.oneof(
  fc.record({ does: fc.constant('insert' as const), slot, user, isStale: fc.boolean() }),
  fc.record({
    does: fc.constant('put' as const),
    slot,
    pairs: fc.array(fc.tuple(key, value), { maxLength: 4 }),
    offset,
  }),
  fc.record({ does: fc.constant('remove' as const), slot, keys: fc.array(key, { maxLength: 2 }), offset }),
  fc.record({ does: fc.constant('clear' as const), slot, offset }),
  fc.record({ does: fc.constant('touch' as const), slot, late: fc.nat({ max: 3 }) }),
  fc.record({ does: fc.constant('end' as const), slot }),
  fc.record({ does: fc.constant('pass' as const), time: fc.constantFrom(1, 4, IDLE - 1, IDLE) }),
  fc.record({ does: fc.constant('revoke' as const), user, except: fc.option(slot) }),
)

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never
type StepOf<Does extends Step['does']> = Extract<Step, { does: Does }>

const sizeOf = (attributes: ReadonlyMap<string, string>) => Buffer.byteLength([...attributes].flat().join(''))

/** What the contract says, for a few sessions and two users. */
class Model {
  now = now
  readonly generations = [1, 1]
  /** By slot; null: it has ended, and its id is taken. */
  readonly sessions = new Map<number, ModelSession | null>()
  /** Slots in the order of their logins. */
  readonly logins: number[] = []

  live(slot: number): ModelSession | null {
    const session = this.sessions.get(slot) ?? null
    return session !== null && this.now < session.endsAt ? session : null
  }

  insert({ slot, user, isStale }: StepOf<'insert'>) {
    if (isStale) return 'user_changed'
    if (this.sessions.has(slot)) return 'id_taken'
    const times = { usedAt: this.now, endsAt: this.now + IDLE, latestEndsAt: this.now + ABSOLUTE }
    this.sessions.set(slot, { user, ...times, version: 1, attributes: new Map() })
    this.logins.push(slot)
    return 'inserted'
  }

  write(
    slot: number,
    offset: number | null,
    attributesAfter: (before: ModelSession['attributes']) => ModelSession['attributes'] | string,
  ) {
    const session = this.live(slot)
    if (session === null) return 'absent'
    if (offset !== null && offset !== 0) return 'version_differs'
    const attributes = attributesAfter(session.attributes)
    if (typeof attributes === 'string') return attributes
    session.attributes = attributes
    session.version++
    return { version: session.version, endsAt: session.endsAt, latestEndsAt: session.latestEndsAt }
  }

  put({ slot, pairs, offset }: StepOf<'put'>) {
    return this.write(slot, offset, (before) => {
      const after = new Map([...before, ...pairs])
      if (after.size > bounds.maxAttributes) return 'too_many'
      return sizeOf(after) > bounds.maxBytes ? 'too_large' : after
    })
  }

  remove(slot: number, offset: number | null, isMeant: (key: string) => boolean) {
    return this.write(slot, offset, (before) => new Map([...before].filter(([key]) => !isMeant(key))))
  }

  touch({ slot, late }: StepOf<'touch'>): void {
    const session = this.live(slot)
    if (session === null) return
    session.usedAt = Math.max(session.usedAt, this.now - late)
    session.endsAt = Math.max(session.endsAt, Math.min(this.now - late + IDLE, session.latestEndsAt))
  }

  end(slot: number): boolean {
    if (this.live(slot) === null) return false
    this.sessions.set(slot, null)
    return true
  }

  revoke({ user, except }: StepOf<'revoke'>) {
    if (except !== null && this.live(except)?.user !== user) return 'changed'
    this.generations[user] = (this.generations[user] ?? 0) + 1
    const mine = this.logins.filter((slot) => this.live(slot)?.user === user && slot !== except)
    for (const slot of mine) this.end(slot)
    return { ended: mine.length }
  }
}

/** A store that is asked the same as the model, with names and ids of its own. */
async function agrees(store: Store, steps: readonly Step[]): Promise<void> {
  const model = new Model()
  const ids = [newId(), newId(), newId()]
  const unames = [0, 0]
  const users = await Promise.all(unames.map(() => givenUser(store, { generation: 1 })))
  const idAt = (slot: number) => ids[slot] ?? ''
  const handleAt = (slot: number) => handleOf(idAt(slot))
  const unameOf = (user: number) => users[user]?.uname ?? ''
  const conditionOf = (slot: number, offset: number | null) => ({
    now: model.now,
    version: offset === null ? null : (model.live(slot)?.version ?? 1) + offset,
  })

  const ask = (step: Step): Promise<unknown> => {
    switch (step.does) {
      case 'insert': {
        const generation = (model.generations[step.user] ?? 0) - (step.isStale ? 1 : 0)
        const times = { beganAt: model.now, endsAt: model.now + IDLE, latestEndsAt: model.now + ABSOLUTE }
        const login = { uname: unameOf(step.user), generation }
        return store.insertSession(newSession(login, { id: idAt(step.slot), ...times }))
      }
      case 'put': {
        const condition = conditionOf(step.slot, step.offset)
        return store.putAttributes(idAt(step.slot), new Map(step.pairs), bounds, condition)
      }
      case 'remove':
        return store.removeAttributes(idAt(step.slot), step.keys, conditionOf(step.slot, step.offset))
      case 'clear':
        return store.removeAttributes(idAt(step.slot), 'all', conditionOf(step.slot, step.offset))
      case 'touch': {
        const usedAt = model.now - step.late
        return store.touchSessions([{ id: idAt(step.slot), usedAt, endsAt: usedAt + IDLE }], model.now)
      }
      case 'end':
        return store.endSession(handleAt(step.slot), null, 'revoked', model.now)
      case 'pass':
        return Promise.resolve()
      case 'revoke': {
        const generation = (model.generations[step.user] ?? 0) + 1
        const except = step.except === null ? null : handleAt(step.except)
        const rule = { ...noKeeper, now: model.now }
        return store.updateUser(unameOf(step.user), {}, { generation, except }, rule)
      }
    }
  }

  for (const step of steps) {
    const answer = ask(step)
    expect<unknown>(await answer).toEqual(expected(model, step))
    for (const slot of ids.keys()) {
      const session = model.live(slot)
      const found = await store.readSession(idAt(slot), 'all', model.now)
      expect<unknown>(found && [found.usedAt, found.endsAt, found.version]).toEqual(
        session && [session.usedAt, session.endsAt, session.version],
      )
      expect(await attributesOf(store, idAt(slot), model.now)).toEqual(
        session && [...session.attributes].sort(([a], [b]) => (a < b ? -1 : 1)),
      )
    }
    for (const user of [0, 1]) {
      const mine = model.logins.filter((slot) => model.live(slot)?.user === user)
      expect(await idsOf(store, unameOf(user), model.now)).toEqual(mine.map(idAt).reverse())
    }
  }
}

/** What the model answers to a step, which changes it. */
function expected(model: Model, step: Step): unknown {
  switch (step.does) {
    case 'insert':
      return model.insert(step)
    case 'put':
      return model.put(step)
    case 'remove':
      return model.remove(step.slot, step.offset, (key) => step.keys.includes(key))
    case 'clear':
      return model.remove(step.slot, step.offset, () => true)
    case 'touch':
      return model.touch(step)
    case 'end':
      return model.end(step.slot)
    case 'pass':
      model.now += step.time
      return undefined
    case 'revoke':
      return model.revoke(step)
  }
}

/** Fails if a store answers some sequence of steps, of as many as are tried, in another way than the model. */
export async function answersAsModel(open: () => Store, tries: number): Promise<void> {
  const steps = fc.array(step, { maxLength: 40, size: 'max' })
  await fc.assert(
    fc.asyncProperty(steps, (sequence) => agrees(open(), sequence)),
    { numRuns: tries },
  )
}

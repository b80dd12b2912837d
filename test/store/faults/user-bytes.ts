import { type Bounds, sizeOfAll } from '../../../src/store/bounds.ts'
import type { Store, StoredSession } from '../../../src/store/store.ts'
import { bounding } from './bounds.ts'
import { ALL, type Fault } from './fault.ts'

type Put = Parameters<Store['putAttributes']>

const changing = (change: (bounds: Bounds) => Partial<Bounds>): Fault =>
  bounding((bounds) => ({ ...bounds, ...change(bounds) }))

/** A put that looks at the sessions of some in a way of its own; `isAsked`: whether it looks at all. */
const summing =
  (
    isMeant: (session: StoredSession, own: StoredSession) => boolean,
    isAsked: (before: number, after: number, bounds: Bounds) => boolean,
    at: (now: number) => number = (now) => now,
  ): Fault =>
  (good) => ({
    async putAttributes(...[id, attributes, bounds, condition]: Put) {
      const loose = { ...bounds, maxUserBytes: Number.MAX_SAFE_INTEGER }
      const before =
        (await good.readSession(id, 'all', condition.now))?.attributes ?? new Map<string, string>()
      const after = sizeOfAll(new Map([...before, ...attributes]))
      const all = (await good.listSessions({}, null, ALL, at(condition.now))).items
      const own = all.find((session) => session.id === id)
      if (own !== undefined && isAsked(sizeOfAll(before), after, bounds)) {
        let sum = after
        for (const session of all.filter((each) => each.id !== id && isMeant(each, own)))
          sum += sizeOfAll((await good.readSession(session.id, 'all', at(condition.now)))?.attributes ?? [])
        if (sum > bounds.maxUserBytes) return 'user_too_large'
      }
      return good.putAttributes(id, attributes, loose, condition)
    },
  })

const ofUser = (session: StoredSession, own: StoredSession) => session.uname === own.uname
const asItShould = (before: number, after: number, { shareBytes }: Bounds) =>
  after > shareBytes && after > before

export const userByteFaults: Record<string, Fault> = {
  'all sessions of a user may have any number of bytes': changing(() => ({ maxUserBytes: 1_000_000 })),
  'all sessions of a user may have one byte more': changing(({ maxUserBytes }) => ({
    maxUserBytes: maxUserBytes + 1,
  })),
  'all sessions of a user may have one byte less': changing(({ maxUserBytes }) => ({
    maxUserBytes: maxUserBytes - 1,
  })),
  'the share of a session is one byte more': changing(({ shareBytes }) => ({ shareBytes: shareBytes + 1 })),
  'the share of a session is one byte less': changing(({ shareBytes }) => ({ shareBytes: shareBytes - 1 })),
  'a session has no share': summing(ofUser, (before, after) => after > before),
  'a session may not be written that is beyond its share': summing(
    ofUser,
    (_, after, { shareBytes }) => after > shareBytes,
  ),
  'bytes of other users count': summing(() => true, asItShould),
  'bytes of other sessions do not count': summing(() => false, asItShould),
  'bytes count of sessions that ended by themselves': summing(ofUser, asItShould, () => 0),
  'a put beyond the bytes of its user raises the version': (good) => ({
    async putAttributes(id, attributes, bounds, condition) {
      const outcome = await good.putAttributes(id, attributes, bounds, condition)
      if (outcome === 'user_too_large') await good.removeAttributes(id, [], condition)
      return outcome
    },
  }),
}

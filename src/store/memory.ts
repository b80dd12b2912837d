import { isOf } from './filters.ts'
import { Logins } from './logins.ts'
import { exceeded } from './memory-bounds.ts'
import { newMemoryEvents } from './memory-events.ts'
import { pageIn, pageOf } from './pages.ts'
import { removedFrom, reportedKeys } from './removals.ts'
import { newNodeReports } from './reports.ts'
import {
  type Change,
  type Counter,
  type EndReason,
  handleOf,
  LOOKED_AT,
  type Millis,
  type NewSession,
  type ReadSession,
  type Store,
  type StoredSession,
  type StoredUser,
  type UserOutcome,
  type UserRule,
  type WriteOutcome,
} from './store.ts'

interface Kept {
  /** Its place in the order of logins. */
  readonly n: number
  session: StoredSession
  readonly attributes: Map<string, string>
}

/** A write of attributes, as it is told. */
type WrittenAttributes =
  | { readonly kind: 'put'; readonly keys: readonly string[] }
  | { readonly kind: 'delete'; readonly keys: readonly string[] | 'all' }

/** A store that forgets everything when the process ends. It is the plainest reading of the contract in `store.ts`. */
export function openMemoryStore(): Store {
  /** By handle, in the order of login. */
  const sessions = new Map<string, Kept>()
  /** Handle to the end of sessions that were ended, whose ids stay taken until they are swept. */
  const ended = new Map<string, Millis>()
  const users = new Map<string, StoredUser>()
  const secrets = new Map<string, string>()
  const counters = new Map<string, Counter>()
  /** Who watches the session of an id. */
  const watchers = new Map<string, Set<(change: Change) => void>>()
  const logins = new Logins<Kept>((kept) => sessions.get(handleOf(kept.session.id)) === kept)

  const live = (handle: string, now: Millis) => {
    const kept = sessions.get(handle)
    return kept !== undefined && now < kept.session.endsAt ? kept : null
  }
  const liveOf = (id: string, now: Millis) => {
    const kept = live(handleOf(id), now)
    return kept?.session.id === id ? kept : null
  }
  const add = (kept: Kept) => {
    sessions.set(handleOf(kept.session.id), kept)
    logins.add(kept)
  }
  const isTaken = (handle: string) => sessions.has(handle) || ended.has(handle)
  const tell = (id: string, change: Change) => {
    for (const each of watchers.get(id) ?? []) each(change)
  }
  const end = (handle: string, reason: EndReason, now: Millis) => {
    const id = sessions.get(handle)?.session.id
    sessions.delete(handle)
    ended.set(handle, now)
    if (id !== undefined) tell(id, { kind: 'end', reason })
  }
  const liveSessionsOf = (uname: string, now: Millis) =>
    [...sessions.values()].filter(({ session }) => session.uname === uname && now < session.endsAt)
  const endThose = (isMeant: (session: StoredSession) => boolean, limit: number, now: Millis) => {
    const ending = [...sessions]
      .filter(([, { session }]) => now < session.endsAt && isMeant(session))
      .slice(0, limit)
    for (const [handle] of ending) end(handle, 'revoked', now)
    return ending.length
  }
  const endAllOf = (uname: string, except: string | null, now: Millis) =>
    endThose((session) => session.uname === uname && handleOf(session.id) !== except, Infinity, now)
  const written = (kept: Kept, write: WrittenAttributes): WriteOutcome => {
    kept.session = { ...kept.session, version: kept.session.version + 1 }
    const { id, version, endsAt, latestEndsAt } = kept.session
    tell(id, { ...write, version })
    return { version, endsAt, latestEndsAt }
  }
  const requireUser = (uname: string, staying: string | null, { now, generation }: UserRule) => {
    const user = users.get(uname)
    if (user === undefined) return 'absent'
    const isSame = generation === null || generation === user.generation
    const stays = staying === null || live(staying, now)?.session.uname === uname
    return isSame && stays ? user : 'changed'
  }
  const isLast = (uname: string, keeper: string) => {
    const keeps = (user: StoredUser) => !user.disabled && user.roles.includes(keeper)
    return [...users.values()].some(keeps) && ![...users.values()].some((u) => u.uname !== uname && keeps(u))
  }

  return {
    readsAtOnce: true,

    async insertSession({ generation, maxSessions, ...session }: NewSession) {
      const user = users.get(session.uname)
      if (user === undefined || user.disabled || user.generation !== generation) return 'user_changed'
      const handle = handleOf(session.id)
      if (isTaken(handle)) return 'id_taken'
      if (liveSessionsOf(session.uname, session.beganAt).length >= maxSessions) return 'too_many'
      add({
        n: logins.next(),
        session: { ...session, usedAt: session.beganAt, version: 1 },
        attributes: new Map(),
      })
      return 'inserted'
    },

    async restoreSession(session, attributes) {
      if (isTaken(handleOf(session.id))) return 'id_taken'
      add({ n: logins.nextRestored(), session, attributes: new Map(attributes) })
      return 'restored'
    },

    async readSession(id, keys, now): Promise<ReadSession | null> {
      const kept = liveOf(id, now)
      if (kept === null) return null
      const wanted = keys === 'all' ? [...kept.attributes.keys()] : keys
      const attributes = new Map<string, string>()
      for (const key of wanted) {
        const value = kept.attributes.get(key)
        if (value !== undefined) attributes.set(key, value)
      }
      const { address, userAgent, ...session } = kept.session
      return { ...session, attributes }
    },

    async findSessions(ids, now) {
      const found = ids.flatMap((id) => liveOf(id, now) ?? [])
      return found.map(({ session: { address, userAgent, ...live } }) => live)
    },

    async putAttributes(id, attributes, bounds, { now, version }) {
      const kept = liveOf(id, now)
      if (kept === null) return 'absent'
      if (version !== null && version !== kept.session.version) return 'version_differs'
      const after = new Map([...kept.attributes, ...attributes])
      const tooMuch = exceeded(kept.attributes, after, bounds, () =>
        liveSessionsOf(kept.session.uname, now).flatMap((each) => (each === kept ? [] : each.attributes)),
      )
      if (tooMuch !== null) return tooMuch
      for (const [key, value] of attributes) kept.attributes.set(key, value)
      return written(kept, { kind: 'put', keys: [...attributes.keys()] })
    },

    async removeAttributes(id, keys, { now, version }) {
      const kept = liveOf(id, now)
      if (kept === null) return 'absent'
      if (version !== null && version !== kept.session.version) return 'version_differs'
      for (const key of removedFrom(kept.attributes.keys(), keys)) kept.attributes.delete(key)
      return written(kept, { kind: 'delete', keys: reportedKeys(keys) })
    },

    async touchSessions(uses, now) {
      for (const { id, usedAt, endsAt } of uses) {
        const kept = liveOf(id, now)
        if (kept === null) continue
        kept.session = {
          ...kept.session,
          usedAt: Math.max(kept.session.usedAt, usedAt),
          endsAt: Math.max(kept.session.endsAt, Math.min(endsAt, kept.session.latestEndsAt)),
        }
      }
    },

    positionOf: () => null,

    async endSession(handle, uname, reason, now) {
      const kept = live(handle, now)
      if (kept === null || (uname !== null && uname !== kept.session.uname)) return false
      end(handle, reason, now)
      return true
    },

    async endSessions(limit, now) {
      return endThose(() => true, limit, now)
    },

    async listSessions(filter, after, limit, now) {
      const meant = ({ session }: Kept) => (now < session.endsAt && isOf(filter, session) ? session : null)
      if (filter.handle !== undefined) {
        const kept = sessions.get(filter.handle)
        const session = kept === undefined ? null : meant(kept)
        return { items: session === null ? [] : [session], next: null }
      }
      const behind = logins.behind(after === null ? Infinity : Number(after))
      const looked = behind.map((kept) => ({ item: meant(kept), cursor: String(kept.n) }))
      return pageIn(looked, limit, LOOKED_AT)
    },

    async countSessions(uname, now) {
      if (uname !== null) return liveSessionsOf(uname, now).length
      return [...sessions.values()].filter(({ session }) => now < session.endsAt).length
    },

    async earliestSessions(uname, limit, now) {
      const found = liveSessionsOf(uname, now).sort((a, b) => a.n - b.n)
      return found.slice(0, limit).map(({ session }) => session)
    },

    async watchSession(id, tell) {
      const those = watchers.get(id) ?? new Set()
      // One of its own, so that a function given twice is told twice.
      const one = (change: Change) => tell(change)
      watchers.set(id, those.add(one))
      return {
        close() {
          those.delete(one)
          if (those.size === 0 && watchers.get(id) === those) watchers.delete(id)
        },
      }
    },

    async sweepSessions(endedBefore, limit) {
      const expired = [...sessions].filter(([, { session }]) => session.endsAt <= endedBefore).slice(0, limit)
      for (const [handle] of expired) sessions.delete(handle)
      const left = [...ended].filter(([, endedAt]) => endedAt <= endedBefore).slice(0, limit - expired.length)
      for (const [handle] of left) ended.delete(handle)
      const room = limit - expired.length - left.length
      const over = [...counters].filter(([, { endsAt }]) => endsAt <= endedBefore).slice(0, room)
      for (const [name] of over) counters.delete(name)
      return expired.length + left.length + over.length
    },

    async insertUser(user) {
      if (users.has(user.uname)) return false
      users.set(user.uname, user)
      return true
    },

    async readUser(uname) {
      return users.get(uname) ?? null
    },

    async listUsers(after, limit) {
      const found = [...users.values()]
        .filter(({ uname }) => after === null || Buffer.compare(Buffer.from(uname), Buffer.from(after)) > 0)
        .sort((a, b) => Buffer.compare(Buffer.from(a.uname), Buffer.from(b.uname)))
      return pageOf(found, limit, (user) => user.uname)
    },

    async updateUser(uname, change, revocation, rule): Promise<UserOutcome> {
      const except = revocation?.except ?? null
      const user = requireUser(uname, except, rule)
      if (typeof user === 'string') return user
      const changed = { ...user, ...change, generation: revocation?.generation ?? user.generation }
      const keeps = !changed.disabled && changed.roles.includes(rule.keeper)
      if (!keeps && isLast(uname, rule.keeper)) return 'last'
      users.set(uname, changed)
      return { ended: revocation === null ? 0 : endAllOf(uname, except, rule.now) }
    },

    async deleteUser(uname, rule): Promise<UserOutcome> {
      const user = requireUser(uname, null, rule)
      if (typeof user === 'string') return user
      if (isLast(uname, rule.keeper)) return 'last'
      users.delete(uname)
      return { ended: endAllOf(uname, null, rule.now) }
    },

    async readSecret(name, candidate) {
      const kept = secrets.get(name) ?? candidate
      secrets.set(name, kept)
      return kept
    },

    async listSecrets() {
      return new Map(secrets)
    },

    async addToCounter(name, by, window, now) {
      const kept = counters.get(name)
      const isThere = kept !== undefined && now < kept.endsAt && kept.endsAt <= now + window
      const before = isThere ? kept : { count: 0, endsAt: now + window }
      const after = { ...before, count: Math.max(0, before.count + by) }
      if (before === kept || by > 0) counters.set(name, after)
      return after
    },

    ...newMemoryEvents(),

    ...newNodeReports(),

    async measureBytes() {
      return null
    },

    async ping() {},
    async close() {},
  }
}

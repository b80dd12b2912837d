import { type Change, handleOf, type Store } from '../../../src/store/store.ts'
import { ALL, type Fault, later } from './fault.ts'

type Tell = (change: Change) => void

/** Passes on what `told` makes of each change; what is remembered in there is one watch's. */
const passing =
  (told: () => (change: Change, tell: Tell) => void): Fault =>
  (good) => ({
    watchSession(id, tell) {
      const pass = told()
      return good.watchSession(id, (change) => pass(change, tell))
    },
  })

const only = (isTold: (change: Change) => boolean): Fault =>
  passing(() => (change, tell) => {
    if (isTold(change)) tell(change)
  })

const changed = (change: (change: Change) => Change): Fault => passing(() => (one, tell) => tell(change(one)))

/** Those who watch, and a watching that adds to them. */
const registered = (good: Store) => {
  const watching: { readonly id: string; readonly tell: Tell }[] = []
  const watchSession: Store['watchSession'] = (id, tell) => {
    watching.push({ id, tell })
    return good.watchSession(id, tell)
  }
  const tellThose = (isMeant: (id: string) => boolean, change: Change) => {
    for (const { id, tell } of watching) if (isMeant(id)) tell(change)
  }
  return { watchSession, tellThose }
}

/** The store, and whether one of its own writes is under way: what is told meanwhile is its own doing. */
const minding = (good: Store) => {
  let isOwn = false
  const mind =
    <Args extends readonly unknown[], Result>(write: (...args: Args) => Result) =>
    (...args: Args): Result => {
      isOwn = true
      try {
        return write(...args)
      } finally {
        isOwn = false
      }
    }
  return {
    isOwn: () => isOwn,
    putAttributes: mind(good.putAttributes),
    removeAttributes: mind(good.removeAttributes),
    endSession: mind(good.endSession),
    endSessions: mind(good.endSessions),
    updateUser: mind(good.updateUser),
    deleteUser: mind(good.deleteUser),
  }
}

/** A node that tells of other nodes only what passes. */
const ofOthersOnly =
  (passes: (change: Change) => boolean): Fault =>
  (good) => {
    const { isOwn, ...writes } = minding(good)
    return {
      ...writes,
      watchSession: (id, tell) =>
        good.watchSession(id, (change) => {
          if (isOwn() || passes(change)) tell(change)
        }),
    }
  }

/** What goes wrong with telling those who watch. */
export const watchFaults: Record<string, Fault> = {
  'watching tells nothing': only(() => false),
  'watching tells only that something was missed': changed(() => ({ kind: 'missed' })),
  'watching tells no puts': only(({ kind }) => kind !== 'put'),
  'watching tells no removals': only(({ kind }) => kind !== 'delete'),
  'watching tells no ends': only(({ kind }) => kind !== 'end'),
  'watching tells no revocations': only((change) => change.kind !== 'end' || change.reason !== 'revoked'),
  'watching takes every end for a revocation': changed((change) =>
    change.kind === 'end' ? { kind: 'end', reason: 'revoked' } : change,
  ),
  'watching takes every end for a logout': changed((change) =>
    change.kind === 'end' ? { kind: 'end', reason: 'logout' } : change,
  ),
  'watching takes removals for puts': changed((change) =>
    change.kind === 'delete' && change.keys !== 'all'
      ? { ...change, kind: 'put', keys: change.keys }
      : change,
  ),
  'watching tells the version before a write': changed((change) =>
    'version' in change ? { ...change, version: change.version - 1 } : change,
  ),
  'watching tells the first key of several': changed((change) =>
    change.kind === 'put' ? { ...change, keys: change.keys.slice(0, 1) } : change,
  ),
  'watching tells keys by lines': changed((change) =>
    change.kind === 'put' ? { ...change, keys: change.keys.join('\n').split('\n') } : change,
  ),
  'watching takes the key all for all': changed((change) =>
    change.kind === 'put' && change.keys.includes('all')
      ? { ...change, kind: 'delete', keys: 'all' }
      : change,
  ),
  'watching loses what is too long for a message': only((change) => JSON.stringify(change).length < 8_000),
  'watching tells the latest of several first': passing(() => {
    let held: Change | null = null
    return (change, tell) => {
      if (held === null) queueMicrotask(() => queueMicrotask(() => held !== null && tell(held)))
      if (held !== null) tell(held)
      held = held === null ? change : null
      if (held === null) tell(change)
    }
  }),
  'watching says behind a change that it missed the one before': passing(() => {
    let count = 0
    return (change, tell) => {
      count++
      if (count % 5 === 3) return
      tell(change)
      if (count % 5 === 4) tell({ kind: 'missed' })
    }
  }),
  'watching turns around what comes at once': passing(() => {
    let gathered: Change[] = []
    return (change, tell) => {
      if (gathered.unshift(change) > 1) return
      setImmediate(() => {
        for (const one of gathered) tell(one)
        gathered = []
      })
    }
  }),
  'watching tells ends at once and the rest later': passing(() => async (change, tell) => {
    if (change.kind !== 'end') await later()
    tell(change)
  }),
  'closing a watch does not': (good) => ({
    async watchSession(id, tell) {
      await good.watchSession(id, tell)
      return { close() {} }
    },
  }),
  'closing a watch closes those of the session': (good) => {
    const closed = new Map<string, { isClosed: boolean }>()
    return {
      async watchSession(id, tell) {
        const state = closed.get(id) ?? { isClosed: false }
        closed.set(id, state)
        await good.watchSession(id, (change) => state.isClosed || tell(change))
        return {
          close() {
            state.isClosed = true
            closed.delete(id)
          },
        }
      },
    }
  },
  'closing a watch has an effect a turn later': (good) => ({
    async watchSession(id, tell) {
      const watch = await good.watchSession(id, tell)
      return { close: () => void setImmediate(() => watch.close()) }
    },
  }),
  'only the first who watches a session is told': (good) => {
    const watched = new Set<string>()
    return {
      watchSession(id, tell) {
        const isFirst = !watched.has(id)
        watched.add(id)
        return good.watchSession(id, (change) => isFirst && tell(change))
      },
    }
  },
  'whoever watches is told of all sessions': (good) => {
    const { watchSession, tellThose } = registered(good)
    return {
      watchSession,
      async putAttributes(id, attributes, bounds, condition) {
        const outcome = await good.putAttributes(id, attributes, bounds, condition)
        if (typeof outcome === 'object')
          tellThose((other) => other !== id, {
            kind: 'put',
            keys: [...attributes.keys()],
            version: outcome.version,
          })
        return outcome
      },
    }
  },
  'a write that was refused is told': (good) => {
    const { watchSession, tellThose } = registered(good)
    return {
      watchSession,
      async putAttributes(id, attributes, bounds, condition) {
        const outcome = await good.putAttributes(id, attributes, bounds, condition)
        if (typeof outcome === 'string') tellThose((other) => other === id, { kind: 'missed' })
        return outcome
      },
    }
  },
  'uses are told': (good) => {
    const { watchSession, tellThose } = registered(good)
    return {
      watchSession,
      async touchSessions(uses, now) {
        await good.touchSessions(uses, now)
        for (const { id } of uses) tellThose((other) => other === id, { kind: 'missed' })
      },
    }
  },
  'what was done before is told': (good) => ({
    async watchSession(id, tell) {
      const session = await good.readSession(id, 'all', 0)
      const watch = await good.watchSession(id, tell)
      if (session !== null && session.attributes.size > 0)
        tell({ kind: 'put', keys: [...session.attributes.keys()], version: session.version })
      return watch
    },
  }),
  'what is swept is told as revoked': (good) => {
    const { watchSession, tellThose } = registered(good)
    return {
      watchSession,
      async sweepSessions(endedBefore, limit) {
        const { items } = await good.listSessions({}, null, ALL, 0)
        const swept = await good.sweepSessions(endedBefore, limit)
        const over = new Set(items.filter(({ endsAt }) => endsAt <= endedBefore).map(({ id }) => id))
        tellThose((id) => over.has(id), { kind: 'end', reason: 'revoked' })
        return swept
      },
    }
  },
  'the session that stays is told of an end': (good) => {
    const { watchSession, tellThose } = registered(good)
    return {
      watchSession,
      async updateUser(uname, change, revocation, rule) {
        const outcome = await good.updateUser(uname, change, revocation, rule)
        const except = revocation?.except ?? null
        if (typeof outcome === 'object' && except !== null)
          tellThose((id) => handleOf(id) === except, { kind: 'end', reason: 'revoked' })
        return outcome
      },
    }
  },
  'what is not there cannot be watched': (good) => ({
    async watchSession(id, tell) {
      const session = await good.readSession(id, [], 0)
      return session === null ? { close() {} } : good.watchSession(id, tell)
    },
  }),
  'a node does not tell what others do': ofOthersOnly(() => false),
  'a node does not tell what others end': ofOthersOnly(({ kind }) => kind !== 'end'),
}

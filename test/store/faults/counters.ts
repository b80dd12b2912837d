import type { Counter, Millis } from '../../../src/store/store.ts'
import { type Fault, later } from './fault.ts'

export const counterFaults: Record<string, Fault> = {
  'all counters are one': (good) => ({
    addToCounter: (_, ...rest) => good.addToCounter('the one', ...rest),
  }),
  'a counter goes up by one whatever is added': (good) => ({
    addToCounter: (name, by, ...rest) => good.addToCounter(name, Math.sign(by), ...rest),
  }),
  'a counter goes below 0': () => counting(({ count }, by) => count + by),
  'a counter tells what it was before': (good) => ({
    async addToCounter(name, by, ...rest) {
      const before = await good.addToCounter(name, 0, ...rest)
      return { ...(await good.addToCounter(name, by, ...rest)), count: before.count }
    },
  }),
  'a counter ends a window after the last that was added': () => {
    const counters = new Map<string, Counter>()
    return {
      async addToCounter(name, by, window, now) {
        const kept = counters.get(name)
        const count = kept !== undefined && now < kept.endsAt ? kept.count : 0
        const after = { count: Math.max(0, count + by), endsAt: now + window }
        if (by > 0) counters.set(name, after)
        return after
      },
    }
  },
  'a counter lives a millisecond too long': (good) => ({
    addToCounter: (name, by, window, now) => good.addToCounter(name, by, window, now - 1),
  }),
  'a counter begins when it is looked at': () => counting(({ count }, by) => Math.max(0, count + by)),
  'a counter from a clock that was ahead stays for as long as that': (good) => {
    const begun = new Map<string, Millis>()
    return {
      addToCounter(name, by, window, now) {
        const at = Math.max(now, begun.get(name) ?? now)
        if (by > 0 && !begun.has(name)) begun.set(name, now)
        return good.addToCounter(name, by, window, at)
      },
    }
  },
  'two who count at once count as one': (good) => {
    const counts = new Map<string, number>()
    return {
      async addToCounter(name, by, window, now) {
        const { count, endsAt } = await good.addToCounter(name, 0, window, now)
        const before = Math.max(count, counts.get(name) ?? 0)
        await later()
        counts.set(name, before + by)
        await good.addToCounter(name, before + by - count, window, now)
        return { count: before + by, endsAt }
      },
    }
  },
  'sweeping leaves counters': (good) => {
    const counters = counting(
      ({ count }, by) => Math.max(0, count + by),
      (by) => by > 0,
    )
    return { ...counters, sweepSessions: good.sweepSessions }
  },
  'sweeping does not count counters': (good) => ({
    async sweepSessions(endedBefore, limit) {
      const swept = await good.sweepSessions(endedBefore, limit)
      return swept === 2 ? 1 : swept
    },
  }),
}

/** A store whose counters come to `add`, and begin when `begins` says so. */
function counting(
  add: (counter: Counter, by: number) => number,
  begins: (by: number) => boolean = () => true,
) {
  const counters = new Map<string, Counter>()
  return {
    async addToCounter(name: string, by: number, window: Millis, now: Millis) {
      const kept = counters.get(name)
      const isLive = kept !== undefined && now < kept.endsAt
      const before = isLive ? kept : { count: 0, endsAt: now + window }
      const after = { ...before, count: add(before, by) }
      if (isLive || begins(by)) counters.set(name, after)
      return after
    },
  }
}

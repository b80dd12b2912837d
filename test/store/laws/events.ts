import { expect } from 'bun:test'
import type { EventFilter, Keeping, Store, StoredEvent } from '../../../src/store/store.ts'
import { MINUTE, newName, now, pagesOf, times } from '../given.ts'
import type { Law } from '../laws.ts'

/** Keeps whatever there is here. */
const everything: Keeping = { most: 1_000_000, since: 0 }

const newEvent = (fields: Partial<StoredEvent> = {}): StoredEvent => ({
  at: now,
  kind: newName(),
  uname: null,
  text: `{"event":"${newName()}"}`,
  ...fields,
})

/** All that is found, however many pages it takes. */
async function found(store: Store, filter: Partial<EventFilter>): Promise<readonly StoredEvent[]> {
  return (await pagesOf((after) => store.listEvents({ since: 0, ...filter }, after, 100))).flat()
}

/** Events of one kind, appended one after the other. */
async function givenEvents(store: Store, count: number, keeping = everything) {
  const kind = newName()
  const events = times(count, (i) => newEvent({ kind, at: now + i }))
  for (const event of events) await store.appendEvents([event], keeping)
  return { kind, events, newestFirst: events.toReversed() }
}

/** Events that are remembered. */
export const eventLaws: readonly Law[] = [
  {
    says: 'events are listed as they were appended, the last first, on every node',
    needs: 'empty',
    async check(store, other) {
      expect(await store.listEvents({ since: 0 }, null, 10)).toEqual({ items: [], next: null })
      const batch = times(3, () => newEvent())
      await store.appendEvents(batch, everything)
      // By a clock that is behind.
      const last = newEvent({ at: now - MINUTE })
      await other.appendEvents([last], everything)
      const expected = [last, ...batch.toReversed()]
      expect(await found(store, {})).toEqual(expected)
      expect(await found(other, {})).toEqual(expected)
    },
  },
  {
    says: 'an event comes back with whatever was in it',
    async check(store) {
      const kind = newName()
      const events = [
        newEvent({ kind, uname: null, text: '' }),
        newEvent({ kind, uname: '', text: ' {"a": "b c\\n"}\n \r\n' }),
        newEvent({ kind, uname: 'a b  c 5 👩🏽‍💻', text: '👩🏽‍💻 é 7 "quoted" \'$1\' \\ %' }),
        newEvent({ kind, uname: '-1 x', text: '12 3' }),
        newEvent({ kind, at: 0, uname: newName(), text: 'x'.repeat(10_000) }),
        newEvent({ kind, source: `admin:a%20b-(${newName()})`, uname: '=', text: '=' }),
      ]
      await store.appendEvents(events, everything)
      expect(await found(store, { kind })).toEqual(events.toReversed())
    },
  },
  {
    says: 'events are found by their kind, their user, or both',
    async check(store) {
      const [kind, uname] = [newName(), newName()]
      const both = newEvent({ kind, uname })
      const other = newEvent({ kind, uname: newName() })
      const nobodys = newEvent({ kind })
      const elsewhere = newEvent({ uname })
      await store.appendEvents([both, other, nobodys, elsewhere], everything)
      expect(await found(store, { kind })).toEqual([nobodys, other, both])
      expect(await found(store, { uname })).toEqual([elsewhere, both])
      expect(await found(store, { kind, uname })).toEqual([both])
      expect(await found(store, { kind: newName() })).toEqual([])
      expect(await found(store, { kind: `${kind}\0` })).toEqual([])
      expect(await found(store, { uname: `${uname}\0` })).toEqual([])
      expect(await found(store, { kind, uname: '' })).toEqual([])
    },
  },
  {
    says: 'an event from before the instant that is asked for is absent, one of that instant is not',
    async check(store) {
      const { kind, events, newestFirst } = await givenEvents(store, 3)
      expect(await found(store, { kind, since: now + 1 })).toEqual(newestFirst.slice(0, 2))
      expect(await found(store, { kind, since: now })).toEqual(newestFirst)
      expect(await found(store, { kind, since: now + events.length })).toEqual([])
    },
  },
  {
    says: 'of each kind the newest are kept, and a flood of one displaces no other',
    async check(store) {
      const rare = await givenEvents(store, 2)
      const flood = await givenEvents(store, 5, { most: 3, since: 0 })
      expect(await found(store, { kind: flood.kind })).toEqual(flood.newestFirst.slice(0, 3))
      const { kind } = flood
      const batch = times(7, () => newEvent({ kind }))
      await store.appendEvents([...batch, newEvent()], { most: 4, since: 0 })
      expect(await found(store, { kind })).toEqual(batch.toReversed().slice(0, 4))
      expect(await found(store, { kind: rare.kind })).toEqual(rare.newestFirst)
    },
  },
  {
    says: 'of each source of a kind the newest are kept, and a flood from one displaces nothing of another',
    async check(store, other) {
      const kind = newName()
      const from = (source: string, count: number) =>
        times(count, (i) => newEvent({ kind, source, text: `${source} ${i}` }))
      const [calm, without, noisy] = [from('calm', 3), times(2, () => newEvent({ kind })), from('noisy', 9)]
      await store.appendEvents([...calm, ...without], { most: 3, since: 0 })
      await other.appendEvents(noisy, { most: 3, since: 0 })
      await store.appendEvents([newEvent({ kind: newName(), source: 'calm' })], { most: 1, since: 0 })
      expect(await found(store, { kind })).toEqual([
        ...noisy.slice(6).toReversed(),
        ...without.toReversed(),
        ...calm.toReversed(),
      ])
      const last = newEvent({ kind })
      await store.appendEvents([last], { most: 1, since: 0 })
      expect((await found(store, { kind })).filter(({ source }) => source === undefined)).toEqual([last])
    },
  },
  {
    says: 'what is too old is forgotten, of whatever kind',
    needs: 'empty',
    async check(store) {
      const [old, young] = [newEvent({ at: now - 1 }), newEvent({ at: now })]
      await store.appendEvents([old, young], everything)
      const next = newEvent({ at: now + 1 })
      await store.appendEvents([next], { most: 10, since: now })
      expect(await found(store, {})).toEqual([next, young])
    },
  },
  {
    says: 'pages give every event once, in order, and none is larger than its limit',
    async check(store) {
      const { kind, newestFirst } = await givenEvents(store, 7)
      const pages = await pagesOf((after) => store.listEvents({ kind, since: 0 }, after, 3))
      expect(pages.map((page) => page.length)).toEqual([3, 3, 1])
      expect(pages.flat()).toEqual(newestFirst)
      expect((await store.listEvents({ kind, since: 0 }, null, 7)).next).toBeNull()
    },
  },
  {
    says: 'an event between two pages shifts neither, nor does one that is forgotten',
    async check(store) {
      const { kind, newestFirst } = await givenEvents(store, 4)
      const first = await store.listEvents({ kind, since: 0 }, null, 2)
      await store.appendEvents([newEvent({ kind })], { most: 3, since: 0 })
      const second = await store.listEvents({ kind, since: 0 }, first.next, 2)
      expect([...first.items, ...second.items]).toEqual(newestFirst.slice(0, 2))
    },
  },
  {
    says: 'one event among thousands is found by going on',
    needs: 'empty',
    isCostly: true,
    async check(store) {
      const rare = newEvent({ uname: newName() })
      await store.appendEvents([rare], everything)
      for (let i = 0; i < 20; i++) {
        const kind = newName()
        await store.appendEvents(
          times(300, () => newEvent({ kind })),
          everything,
        )
      }
      expect(await found(store, { uname: rare.uname ?? '' })).toEqual([rare])
      expect(await found(store, { kind: rare.kind })).toEqual([rare])
    },
  },
  {
    says: 'nodes that append at once lose nothing of each other',
    async check(store, other) {
      const kind = newName()
      const batches = times(20, () => times(5, () => newEvent({ kind })))
      await Promise.all(
        batches.map((batch, i) => (i % 2 === 0 ? store : other).appendEvents(batch, everything)),
      )
      const texts = (await found(store, { kind })).map(({ text }) => text)
      expect(texts.toSorted()).toEqual(
        batches
          .flat()
          .map(({ text }) => text)
          .toSorted(),
      )
    },
  },
]

import { expect } from 'bun:test'
import { randomBytes } from 'node:crypto'
import type { Millis, NodeReport, Store } from '../../../src/store/store.ts'
import { givenSession, MINUTE, newName, now, put, times } from '../given.ts'
import type { Law } from '../laws.ts'

const newReport = (text: string, endsAt: Millis = now + MINUTE): NodeReport => ({
  name: newName(),
  text,
  endsAt,
})

/** What is listed of these nodes, by their names. */
async function listed(store: Store, reports: readonly NodeReport[], at: Millis = now) {
  const names = new Set(reports.map(({ name }) => name))
  const found = (await store.listNodes(at)).filter(({ name }) => names.has(name))
  return found.sort((a, b) => (a.name < b.name ? -1 : 1))
}

const byName = (...reports: readonly NodeReport[]) => reports.toSorted((a, b) => (a.name < b.name ? -1 : 1))

/** What nodes say of themselves, and what everything takes. */
export const reportLaws: readonly Law[] = [
  {
    says: 'what nodes say of themselves is told to all of them, as each said it last',
    among: 'servers',
    async check(store, other) {
      const [a, b] = [newReport('a'), newReport('b')]
      await store.noteNode(a, now)
      await other.noteNode(b, now)
      for (const node of [store, other]) expect(await listed(node, [a, b])).toEqual(byName(a, b))
      const later = { ...a, text: 'later', endsAt: a.endsAt + 1 }
      await store.noteNode(later, now)
      for (const node of [store, other]) expect(await listed(node, [a, b])).toEqual(byName(later, b))
    },
  },
  {
    says: 'what a node says of itself is absent from the very millisecond that it ends',
    async check(store) {
      const [short, long] = [newReport('short', now + 10), newReport('long')]
      for (const report of [short, long]) await store.noteNode(report, now)
      expect(await listed(store, [short, long], now + 9)).toEqual(byName(short, long))
      expect(await listed(store, [short, long], now + 10)).toEqual([long])
    },
  },
  {
    says: 'what a node said that has ended is forgotten when one says something, and nothing else is',
    among: 'servers',
    async check(store, other) {
      const [short, exact, long] = [
        newReport('a', now + 5),
        newReport('b', now + 10),
        newReport('c', now + 11),
      ]
      for (const report of [short, exact, long]) await store.noteNode(report, now)
      const last = newReport('d')
      await other.noteNode(last, now + 10)
      expect(await listed(store, [short, exact, long, last], now)).toEqual(byName(long, last))
    },
  },
  {
    says: 'a node can say a few KB of any text',
    async check(store) {
      const reports = [newReport('\'"\\\n é 👩 __proto__ %s $1 '.repeat(150)), newReport('')]
      for (const report of reports) await store.noteNode(report, now)
      expect(await listed(store, reports)).toEqual(byName(...reports))
    },
  },
  {
    says: 'many nodes can speak at once while others end or come back, and none is lost',
    among: 'servers',
    async check(store, other) {
      for (let round = 0; round < 5; round++) {
        const ending = times(8, () => newReport('ends', now + round + 1))
        await Promise.all(ending.map((report) => store.noteNode(report, now + round)))
        // Some of them were away for too long, and come back.
        const back = ending.slice(4).map(({ name }) => ({ ...newReport('back'), name }))
        const staying = [...back, ...times(4, (i) => newReport(`${i}`))]
        await Promise.all(
          staying.map((report, i) => (i % 2 === 0 ? store : other).noteNode(report, now + round + 1)),
        )
        for (const node of [store, other]) {
          expect(await listed(node, [...ending, ...staying], now + round + 1)).toEqual(byName(...staying))
        }
      }
    },
  },
  {
    says: 'what everything takes grows with what is kept, or is not known',
    needs: 'empty',
    async check(store, other) {
      const { id } = await givenSession(store)
      const before = await store.measureBytes()
      const value = () => randomBytes(30_000).toString('base64')
      await put(
        store,
        id,
        times(100, (i) => [`k${i}`, value()] as const),
      )
      const after = [await store.measureBytes(), await other.measureBytes()]
      if (before === null) expect(after).toEqual([null, null])
      else for (const bytes of after) expect(bytes).toBeGreaterThan(before + 2_000_000)
    },
  },
]

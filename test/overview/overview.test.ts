import { expect, test } from 'bun:test'
import { quantileOf } from '../../src/metrics/latency.ts'
import { Meter, numberOf } from '../../src/metrics/meter.ts'
import type { Shown } from '../../src/overview/overview.ts'
import { parseReport } from '../../src/overview/report.ts'
import { givenSession } from '../store/given.ts'
import { givenNodes, type Node, STEP } from './nodes.ts'

/** The last values of a curve, the latest last. */
const lastOf = ({ curves }: Shown, name: keyof Shown['curves'], count: number) => curves[name].slice(-count)

const readAll = (...nodes: readonly Node[]) => Promise.all(nodes.map(({ overview }) => overview.read()))

const away = () => Promise.reject(new Error('The store is away.'))

test('what all nodes count in a step is added up, and each of them says the same', async () => {
  await using nodes = givenNodes()
  const [a, b] = [await nodes.start(), await nodes.start()]
  a.ask('read', 90, 1)
  b.ask('read', 10, 80)
  b.ask('write', 4, 3)
  a.meter.count('login', 2)
  b.meter.count('login', 3)
  b.meter.count('login_failed', 7)
  a.meter.count('login_throttled', 1)
  await nodes.pass(2)
  const [one, other] = await readAll(a, b)
  expect(one).toEqual(other as Shown)
  // The quantiles are those of all requests together, not of one node, and not between those of both.
  const all = new Meter()
  for (let i = 0; i < 100; i++) all.record(numberOf('read'), 200, i < 90 ? 1 : 80)
  const [p50, p99] = [0.5, 0.99].map((q) =>
    Number(quantileOf(q, all.snapshot().latencies('read'))?.toPrecision(3)),
  )
  const expected = { requests: 10.4, logins: 5, failures: 7, throttled: 1, readP50: p50, readP99: p99 }
  expect(one?.curves).toMatchObject(
    Object.fromEntries(
      Object.entries(expected).map(([name, value]) => [name, [...Array(359).fill(null), value]]),
    ),
  )
  expect(lastOf(one as Shown, 'writeP50', 1)[0]).toBeWithin(2, 3)
  expect(one?.from).toBe(nodes.now - STEP - 360 * STEP)
})

test('what nodes counted before they ended stays in the sums, and they are listed no more', async () => {
  await using nodes = givenNodes()
  const [a, b] = [await nodes.start(), await nodes.start()]
  for (let i = 0; i < 4; i++) {
    a.ask('read', 10, 1)
    b.ask('read', 20, 1)
    await nodes.pass()
  }
  await nodes.pass(2, [a])
  expect((await a.overview.read()).nodes.map(({ name }) => name).sort()).toEqual(
    [a.overview.name, b.overview.name].sort(),
  )
  await nodes.pass(1, [a])
  for (let i = 0; i < 12; i++) {
    const shown = await a.overview.read()
    expect(shown.nodes.map(({ name }) => name)).toEqual([a.overview.name])
    const requests = shown.curves.requests.filter((value) => value !== null && value > 0)
    expect(requests).toEqual([3, 3, 3, 3])
    await nodes.pass(1, [a])
  }
})

test('a node that is alone shows a step as soon as it has ended; of several it is shown one step later', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  a.ask('read', 10, 1)
  await nodes.pass()
  expect(lastOf(await a.overview.read(), 'requests', 2)).toEqual([null, 1])
  await nodes.start()
  a.ask('read', 20, 1)
  await nodes.pass()
  const shown = await a.overview.read()
  expect(lastOf(shown, 'requests', 2)).toEqual([null, 1])
  expect(shown.from).toBe(nodes.now - 361 * STEP)
  await nodes.pass()
  expect(lastOf(await a.overview.read(), 'requests', 2)).toEqual([1, 2])
})

test('whoever asks is told of the step that has just ended, though no timer has noticed', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  a.ask('read', 10, 1)
  nodes.now += STEP
  expect(lastOf(await a.overview.read(), 'requests', 1)).toEqual([1])
})

test('what a node could not tell for half a minute is in the sums of all once it can', async () => {
  await using nodes = givenNodes()
  let isAway = false
  const a = await nodes.start()
  const b = await nodes.start({ noteNode: (...args) => (isAway ? away() : nodes.store.noteNode(...args)) })
  await nodes.pass()
  isAway = true
  for (let i = 0; i < 3; i++) {
    for (const node of [a, b]) node.ask('read', 10, 1)
    await nodes.pass()
  }
  expect(lastOf(await a.overview.read(), 'requests', 2)).toEqual([1, 1])
  isAway = false
  await nodes.pass(2)
  const [one, other] = await readAll(a, b)
  expect(lastOf(one as Shown, 'requests', 4)).toEqual([2, 2, 2, 0])
  expect(one).toEqual(other as Shown)
  expect(b.faults).toHaveLength(1)
})

test('while the store is away there is a gap; one failure is told, and it goes on by itself', async () => {
  await using nodes = givenNodes()
  let isAway = false
  const own = { ...nodes.store, listNodes: (now: number) => (isAway ? away() : nodes.store.listNodes(now)) }
  const a = await nodes.start({ ...own, ping: () => (isAway ? away() : nodes.store.ping()) })
  await nodes.pass(2)
  isAway = true
  await nodes.pass(10)
  const during = await a.overview.read()
  expect(during).toMatchObject({ isUp: false, nodes: [{ name: a.overview.name }] })
  expect(lastOf(during, 'requests', 4)).toEqual([null, null, null, null])
  isAway = false
  await nodes.pass()
  const after = await a.overview.read()
  expect(after.isUp).toBe(true)
  // Of those that it could not tell it still knows the last minute.
  expect(lastOf(after, 'requests', 13)).toEqual([0, 0, null, null, null, null, null, 0, 0, 0, 0, 0, 0])
  expect(a.faults).toEqual([new Error('The store is away.')])
})

test('a node that has just started knows what the others did in the last minute', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  for (let i = 1; i <= 10; i++) {
    a.ask('read', i * 10, 1)
    await nodes.pass()
  }
  const b = await nodes.start()
  expect(lastOf(await b.overview.read(), 'requests', 6)).toEqual([null, 5, 6, 7, 8, 9])
  expect((await b.overview.read()).nodes.map(({ name }) => name)).toEqual([a.overview.name, b.overview.name])
})

test('an hour is kept, and no longer', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  for (let i = 1; i <= 365; i++) {
    a.meter.count('login', i)
    await nodes.pass()
  }
  const { curves } = await a.overview.read()
  expect(curves.logins).toEqual(Array.from({ length: 360 }, (_, i) => i + 6))
})

test('what was counted in steps of which nobody knows the ends belongs to none of them', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  a.meter.count('login', 1)
  await nodes.pass()
  a.meter.count('login', 50)
  nodes.now += 2 * STEP
  await nodes.pass()
  a.meter.count('login', 2)
  await nodes.pass()
  expect(lastOf(await a.overview.read(), 'logins', 5)).toEqual([1, null, null, null, 2])
})

test('a clock that is set back leaves what it shows until then', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  for (const count of [1, 2, 3, 4, 5]) {
    a.meter.count('login', count)
    await nodes.pass()
  }
  nodes.now -= 4 * STEP
  await nodes.pass()
  a.meter.count('login', 9)
  await nodes.pass()
  expect(lastOf(await a.overview.read(), 'logins', 3)).toEqual([1, 2, 9])
  // What is yet to come by this clock is not told.
  const [said] = await nodes.store.listNodes(nodes.now)
  expect([...(parseReport(said?.text ?? '')?.steps.keys() ?? [])]).toEqual([
    ...[3, 2, 1].map((ago) => nodes.now / STEP - ago),
  ])
})

test('what there is is measured by one node for all, once in a step', async () => {
  await using nodes = givenNodes()
  const counting: string[] = []
  const countedBy = (who: string) => ({
    async countSessions(uname: string | null, now: number) {
      counting.push(who)
      return nodes.store.countSessions(uname, now)
    },
    measureBytes: async () => 4_096,
  })
  const a = await nodes.start(countedBy('a'))
  nodes.now++
  const b = await nodes.start(countedBy('b'))
  await givenSession(nodes.store, { endsAt: nodes.now + 60 * STEP, latestEndsAt: nodes.now + 60 * STEP })
  expect(counting).toEqual([])
  await nodes.pass()
  const measuredAt = nodes.now
  await nodes.pass(2)
  expect(counting).toEqual(['a', 'a', 'a'])
  const [one, other] = await readAll(a, b)
  expect(one?.measure).toMatchObject({ sessions: 1, bytes: 4_096, at: measuredAt })
  expect(one).toEqual(other as Shown)
  expect(lastOf(one as Shown, 'sessions', 2)).toEqual([null, 1])
  expect(lastOf(one as Shown, 'bytes', 2)).toEqual([null, 4_096])
  await nodes.pass(6, [b])
  expect(counting.slice(3)).toEqual(['b', 'b', 'b', 'b'])
  // Nothing is missing where it became the turn of another.
  expect(lastOf(await b.overview.read(), 'sessions', 6)).toEqual([1, 1, 1, 1, 1, 1])
})

test('what cannot be measured is a gap, and the rest is shown', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start({ countSessions: away, measureBytes: async () => 4_096 })
  await nodes.pass(4)
  const shown = await a.overview.read()
  expect(shown.measure).toMatchObject({ sessions: null, bytes: 4_096, at: nodes.now })
  expect(lastOf(shown, 'sessions', 1)).toEqual([null])
  expect(lastOf(shown, 'bytes', 1)).toEqual([4_096])
  expect(a.faults).toHaveLength(1)
})

test('what others say that is not understood is left out', async () => {
  await using nodes = givenNodes()
  const a = await nodes.start()
  const texts = ['', 'null', '{', '{"format":2}', '{"format":1,"steps":[[1]]}']
  for (const [i, text] of texts.entries()) {
    await nodes.store.noteNode({ name: `other ${i}`, text, endsAt: nodes.now + 10 * STEP }, nodes.now)
  }
  a.meter.count('login', 1)
  await nodes.pass()
  const shown = await a.overview.read()
  expect(shown.nodes).toHaveLength(1)
  expect(lastOf(shown, 'logins', 1)).toEqual([1])
  expect(a.faults).toEqual([])
})

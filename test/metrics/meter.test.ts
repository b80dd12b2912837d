import { expect, test } from 'bun:test'
import { BUCKETS, bucketOf } from '../../src/metrics/latency.ts'
import { CALLS, CLASSES, EVENTS, Meter, numberOf, type Snapshot } from '../../src/metrics/meter.ts'

/** Everything in a snapshot that is not 0. */
function countsOf(snapshot: Snapshot): Record<string, number> {
  const all: (readonly [string, number])[] = EVENTS.map((event) => [event, snapshot.events(event)])
  for (const call of CALLS) {
    all.push([`${call} requests`, snapshot.requests(call)], [`${call} sum`, snapshot.sum(call)])
    for (const status of CLASSES) all.push([`${call} ${status}`, snapshot.requests(call, status)])
    for (const [bucket, count] of snapshot.latencies(call).entries())
      all.push([`${call} bucket ${bucket}`, count])
  }
  return Object.fromEntries(all.filter(([, count]) => count !== 0))
}

test('a request is counted once, under its call, its class and its bucket, and nowhere else', () => {
  for (const [call, status] of CALLS.flatMap((each) => CLASSES.map((one) => [each, one] as const))) {
    const meter = new Meter()
    meter.record(numberOf(call), 100 * status + 99, 1.2)
    expect(countsOf(meter.snapshot())).toEqual({
      [`${call} requests`]: 1,
      [`${call} ${status}`]: 1,
      [`${call} bucket ${bucketOf(1.2)}`]: 1,
      [`${call} sum`]: 1.2,
    })
  }
})

test('the shortest and the longest requests are in the first and the last bucket', () => {
  const meter = new Meter()
  meter.record(numberOf('other'), 404, 0)
  meter.record(numberOf('other'), 404, 60_000)
  const counts = countsOf(meter.snapshot())
  expect(counts).toMatchObject({ 'other bucket 0': 1, [`other bucket ${BUCKETS - 1}`]: 1 })
  expect(counts).toMatchObject({ 'other requests': 2, 'other sum': 60_000 })
})

test('an event is counted under its own name and nowhere else, several at once too', () => {
  for (const event of EVENTS) {
    const meter = new Meter()
    meter.count(event)
    meter.count(event, 41)
    meter.count(event, 0)
    expect(countsOf(meter.snapshot())).toEqual({ [event]: 42 })
  }
})

test('a snapshot stays as it is while the meter goes on', () => {
  const meter = new Meter()
  const earlier = meter.snapshot()
  meter.record(numberOf('read'), 200, 1)
  meter.count('login')
  expect(earlier.requests('read')).toBe(0)
  expect(earlier.events('login')).toBe(0)
})

test('between two snapshots counts only what came between them', () => {
  const meter = new Meter()
  for (let i = 0; i < 1_000; i++) meter.record(numberOf('read'), 200, 5_000)
  meter.count('logout', 3)
  const earlier = meter.snapshot()
  for (let i = 0; i < 98; i++) meter.record(numberOf('read'), 200, 0.9)
  meter.record(numberOf('write'), 200, 40)
  meter.record(numberOf('write'), 503, 800)
  meter.count('logout', 2)
  const between = meter.snapshot().since(earlier)

  expect(between.requests('read')).toBe(98)
  expect(between.requests('write')).toBe(2)
  expect(between.requests('write', 5)).toBe(1)
  expect(between.sum('write')).toBe(840)
  expect(between.events('logout')).toBe(2)
  expect(between.latencies('read')[bucketOf(0.9)]).toBe(98)
  expect(between.latencies('read')[bucketOf(5_000)]).toBe(0)
})

import { expect, test } from 'bun:test'
import { Meter } from '../../src/metrics/meter.ts'
import { Overview } from '../../src/overview/overview.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { until } from '../support/redis.ts'
import { STEP } from './nodes.ts'

test('a step that ends is told by itself, until the overview is stopped', async () => {
  // A moment before the end of a step, from where it goes on in real time.
  const ahead = STEP - 20 - (Date.now() % STEP)
  const clock = () => Date.now() + ahead
  const store = openMemoryStore()
  const told: string[] = []
  const overview = new Overview({
    store: { ...store, noteNode: async ({ text }) => void told.push(text) },
    kind: 'memory',
    version: '1.0.0',
    meter: new Meter(),
    clock,
    fault() {},
  })
  overview.start()
  await until(async () => told.length === 2)
  const steps = told.map((text) => (JSON.parse(text) as { steps: unknown[] }).steps.length)
  expect(steps).toEqual([0, 1])
  await overview.stop()
  await overview.tick(clock() + STEP)
  expect(told).toHaveLength(2)
})

import { expect, test } from 'bun:test'
import { read, refusal } from './support/settings.ts'

/** Settings that are right each by itself and that nothing could ever come of together; which of them is named, and the others. */
const contradictory: readonly (readonly [toml: string, setting: string, others: string])[] = [
  ['limits.value = "2 MiB"', 'limits.value', 'limits.session is 1048576'],
  ['limits.value = "2 KiB"\nlimits.session = "1 KiB"', 'limits.value', 'limits.session is 1024'],
  ['limits.session = "2 MiB"\nlimits.user = "1 MiB"', 'limits.session', 'limits.user is 1048576'],
  ['limits.value = "2 MiB"\nlimits.session = "2 MiB"', 'limits.value', 'limits.body is 1048576'],
  ['limits.key = "2 KiB"\nlimits.session = "1 KiB"', 'limits.key', 'limits.session is 1024'],
  ['limits.key = "2 KiB"\nlimits.body = "1 KiB"', 'limits.key', 'limits.body is 1024'],
  ['events.streams-per-session = 10001', 'events.streams-per-session', 'events.streams is 10000'],
  ['events = { streams = 5, streams-per-session = 6 }', 'events.streams-per-session', 'events.streams is 5'],
  ['redis = { timeout = "400ms", wait-replicas = 1 }', 'redis.wait-timeout', 'redis.timeout'],
]

for (const [toml, setting, others] of contradictory) {
  test(`refused together: ${toml.replace('\n', ', ')}`, () => {
    const said = refusal(toml)
    expect(said).toStartWith(setting)
    expect(said).toContain(others)
  })
}

test('a default gives way to a smaller limit that was set', () => {
  expect(read('limits.session = "100 B"').limits).toMatchObject({ key: 100, value: 100, session: 100 })
  expect(read('limits.body = "1 KiB"').limits).toMatchObject({ value: 1_024, body: 1_024 })
  expect(read('limits.user = "1 KiB"').limits).toMatchObject({ value: 1_024, session: 1_024 })
  expect(read('limits.session = "20 MiB"').limits).toMatchObject({ user: 20 * 1_048_576 })
  // A user who may have very many sessions has room in each.
  expect(read('session.per-user = 100000').limits).toMatchObject({ user: 100_000 * 16_384 })
  expect(read('session.per-user = 100000\nlimits.user = "2 MiB"').limits).toMatchObject({
    user: 2 * 1_048_576,
  })
  expect(read('events.streams = 0').events).toMatchObject({ streams: 0, 'streams-per-session': 32 })
  expect(read('session.lifetime = "2800000d"').lifetime).toBe(2_800_000 * 86_400_000)
})

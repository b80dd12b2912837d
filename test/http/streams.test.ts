import { expect, test } from 'bun:test'
import { connect } from 'node:net'
import { type Client, logIn } from '../support/client.ts'
import { readEvents, watch } from '../support/events.ts'
import { METRICS, untilTold } from '../support/metrics.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { startTicking } from '../support/ticking.ts'

async function problemOf(answer: Response) {
  const { code } = (await answer.json()) as { code: string }
  return { status: answer.status, code }
}

/** Asks again until there is a stream, which has to come soon: the place of one that was closed is free a moment later. */
async function watchAgain(client: Client) {
  using time = startTicking()
  for (;;) {
    const answer = await client.ask('/session/events')
    if (answer.status === 200) return readEvents(answer)
    await answer.text()
    if (time.ms > 4_000) throw new Error(`There is still no room: ${answer.status}`)
  }
}

// A node counts its own streams: these are asked of one.
const ONE_NODE = { store: 'memory:' }

test('a session has no more streams than it may, and a place is free again when one is closed', async () => {
  await using server = await startServer({
    ...ONE_NODE,
    toml: 'events = { streams-per-session = 2 }\nlog = { level = "debug" }',
  })
  const [client, other] = [await logIn(server), await logIn(server)]
  const [first, second] = [await watch(client), await watch(client)]
  const refused = await client.ask('/session/events')
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(await problemOf(refused)).toEqual({ status: 429, code: 'too_many_streams' })
  await using _ = await watch(other)
  await first.close()
  await using again = await watchAgain(client)
  await client.json('/session/put', { a: '1' })
  for (const stream of [second, again])
    expect(await stream.count(1)).toEqual([{ event: 'put', id: '2', data: { keys: ['a'] } }])
  await second.close()
})

test('a server has no more streams than it may', async () => {
  await using server = await startServer({ ...ONE_NODE, toml: 'events = { streams = 1 }' })
  const [client, other] = [await logIn(server), await logIn(server)]
  const stream = await watch(client)
  const refused = await other.ask('/session/events')
  expect(refused.headers.get('retry-after')).toBe('5')
  expect(await problemOf(refused)).toEqual({ status: 503, code: 'busy' })
  await client.json('/session/invalidate')
  await stream.until(() => stream.isOver)
  await using _ = await watchAgain(other)
})

test('clients that are turned away together are told to come back at different times', async () => {
  for (const [random, retry, retryAfter] of [
    [0, '1000', '5'],
    [0.5, '3000', '7'],
    [0.999, '4996', '9'],
  ] as const) {
    await using server = await startServer({
      ...ONE_NODE,
      random,
      toml: 'events = { streams-per-session = 1 }',
    })
    const client = await logIn(server)
    await using stream = await watch(client)
    await stream.until(() => stream.text !== '')
    expect(stream.text).toStartWith(`retry: ${retry}\n`)
    expect((await client.ask('/session/events')).headers.get('retry-after')).toBe(retryAfter)
  }
})

test('the metrics tell how many streams are open', async () => {
  await using server = await startServer({ ...ONE_NODE, toml: METRICS, nodes: 1 })
  const client = await logIn(server)
  const untilOpen = (count: number) =>
    untilTold(server, (values) => values['cloakroom_event_streams'] === count)
  await untilOpen(0)
  const first = await watch(client)
  await using _ = await watch(client)
  await untilOpen(2)
  await first.close()
  await untilOpen(1)
  await client.json('/session/invalidate')
  await untilOpen(0)
})

test('nothing is left of streams whose readers hung up, however early', async () => {
  await using server = await startServer({ ...ONE_NODE, toml: 'events = { streams-per-session = 8 }' })
  const client = await logIn(server)
  const request = `GET /session/events HTTP/1.1\r\nHost: x\r\nCookie: ${client.cookie}\r\n\r\n`
  for (let i = 0; i < 200; i++) {
    await new Promise<void>((resolve) => {
      const socket = connect(server.port, '127.0.0.1', () => socket.write(request))
      socket.on('close', () => resolve())
      socket.on('error', () => {})
      if (i % 2 === 0) socket.on('data', () => socket.destroy())
      // Before the answer has begun.
      else socket.on('connect', () => setImmediate(() => socket.destroy()))
    })
  }
  const streams = []
  for (let i = 0; i < 8; i++) streams.push(await watchAgain(client))
  expect((await client.ask('/session/events')).status).toBe(429)
  for (const stream of streams) await stream.close()
})

test('a connection whose stream has ended is closed at once, so that no proxy sends another request on it', async () => {
  await using server = await startServer(ONE_NODE)
  const client = await logIn(server)
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET /session/events HTTP/1.1\r\nHost: x\r\nCookie: ${client.cookie}\r\n\r\n`)
  let text = ''
  const begun = Promise.withResolvers<void>()
  const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()))
  socket.on('data', (bytes) => {
    text += bytes
    if (text.includes(': open')) begun.resolve()
  })
  await begun.promise
  expect(text).toContain('\r\nConnection: close\r\n')
  using time = startTicking()
  await client.json('/session/invalidate')
  await closed
  expect(time.ms).toBeLessThan(900)
  expect(text).toEndWith('data: {"reason":"logout"}\n\n\r\n0\r\n\r\n')
})

/** A connection that asks for a stream with values and then reads nothing. */
function openStuck(server: TestServer, { cookie }: Client) {
  const socket = connect(server.port, '127.0.0.1')
  socket.write(`GET /session/events?values=true HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n\r\n`)
  return new Promise<typeof socket>((resolve) => {
    socket.on('error', () => {})
    socket.once('data', () => {
      socket.pause()
      resolve(socket)
    })
  })
}

/** Puts 64 KiB at a time until this holds; how many. */
async function putUntil(client: Client, holds: () => boolean): Promise<number> {
  for (let puts = 1; puts <= 400; puts++) {
    await client.json('/session/put', { big: String(puts % 10).repeat(65_000) })
    if (holds()) return puts
  }
  throw new Error('It never held.')
}

test('a reader who stops reading is dropped, and one who reads is not', async () => {
  await using server = await startServer({
    ...ONE_NODE,
    toml: 'events = { streams-per-session = 2 }\nlog = { level = "debug" }',
  })
  const client = await logIn(server)
  await using reading = await watch(client, '/session/events?values=true')
  const stuck = await openStuck(server, client)
  const isDropped = () => server.log.some((line) => line.includes('"stream_dropped"'))
  const puts = await putUntil(client, isDropped)
  expect(await reading.count(puts)).toHaveLength(puts)
  expect(server.log.filter((line) => line.includes('"stream_dropped"'))).toHaveLength(1)
  await using _ = await watchAgain(client)
  stuck.destroy()
})

test('puts that come all at once with values do not drop who reads', async () => {
  await using server = await startServer(ONE_NODE)
  const client = await logIn(server)
  await using stream = await watch(client, '/session/events?values=true')
  const put = (i: number) => client.json('/session/put', { [`k${i % 4}`]: 'x'.repeat(60_000) })
  await Promise.all(Array.from({ length: 60 }, (_, i) => put(i)))
  const events = await stream.count(60)
  expect(events.map(({ id }) => Number(id))).toEqual(Array.from({ length: 60 }, (_, i) => i + 2))
})

test('open streams do not hold up a stop, also those of readers who read nothing', async () => {
  const server = await startServer(ONE_NODE)
  const client = await logIn(server)
  const streams = await Promise.all(Array.from({ length: 10 }, () => watch(client)))
  using time = startTicking()
  await server[Symbol.asyncDispose]()
  expect(time.ms).toBeLessThan(1_000)
  for (const stream of streams) await stream.until(() => stream.isOver)
  const other = await startServer({ ...ONE_NODE, toml: 'log = { level = "debug" }' })
  const its = await logIn(other)
  const stuck = await openStuck(other, its)
  await putUntil(its, () => other.log.some((line) => line.includes('stream_dropped')))
  using stopping = startTicking()
  await other[Symbol.asyncDispose]()
  expect(stopping.ms).toBeLessThan(8_000)
  stuck.destroy()
})

describeWithRedis('a server on Redis', () => {
  test('does not begin to watch a session for which it has no room', async () => {
    await using redis = await startRedis()
    await using server = await startServer({ store: redis.url, nodes: 1, toml: 'events = { streams = 1 }' })
    const [client, other] = [await logIn(server), await logIn(server)]
    const subscriptions = async () =>
      [...String(await redis.ask('INFO', 'commandstats')).matchAll(/cmdstat_s?subscribe:calls=(\d+)/g)]
        .map(([, calls]) => Number(calls))
        .reduce((sum, calls) => sum + calls, 0)
    await using _ = await watch(client)
    const before = await subscriptions()
    expect(before).toBeGreaterThan(0)
    for (let i = 0; i < 5; i++) expect((await other.ask('/session/events')).status).toBe(503)
    expect(await subscriptions()).toBe(before)
  })
})

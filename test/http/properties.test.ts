import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { type Client, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

/** Any text without NUL and without half a surrogate pair, in which the awkward characters are not rare. */
const character = fc.oneof(
  { weight: 6, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
  { weight: 2, arbitrary: fc.constantFrom(...'&=+%;#?/\\"\'<>{}[]:,. \t\r\n\u0001\u007f\u0080') },
  {
    weight: 1,
    arbitrary: fc.constantFrom('\ufeff', '\ufffd', '\uffff', '\u2028', '\u200d', '\u0301', '\u{10ffff}'),
  },
)
const text = (maxLength: number) =>
  fc
    .array(character, { maxLength })
    .map((characters) => characters.join('').replaceAll('\0', ''))
    .filter((each) => each.isWellFormed())

const key = fc
  .oneof(
    { weight: 5, arbitrary: text(64) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        '__proto__',
        'constructor',
        'key',
        'toString',
        '0',
        '-1',
        'length',
        'csrftoken',
      ),
    },
  )
  .filter((each) => each !== '' && each !== 'CSRFToken' && Buffer.byteLength(each) <= 256)
const attributes = fc
  .uniqueArray(fc.tuple(key, text(400)), { selector: ([each]) => each, minLength: 1, maxLength: 8 })
  .map((pairs) => new Map(pairs))

const JSON_TYPE = { 'content-type': 'application/json' }
const encoded = (all: ReadonlyMap<string, string>) =>
  [...all].map(([each, value]) => `${encodeURIComponent(each)}=${encodeURIComponent(value)}`).join('&')
/** An object would take `__proto__` for something else. */
const asJson = (all: ReadonlyMap<string, string>) =>
  `{${[...all].map(([each, value]) => `${JSON.stringify(each)}:${JSON.stringify(value)}`)}}`

async function read(client: Client, ...args: Parameters<Client['ask']>): Promise<[string, string][]> {
  const answer = await client.ask(...args)
  expect(answer.status).toBe(200)
  return sorted(new Map(Object.entries(JSON.parse(await answer.text()))))
}

const sorted = (all: ReadonlyMap<string, string>) => [...all].sort(([a], [b]) => (a < b ? -1 : 1))

const ways: Readonly<Record<string, (client: Client, all: ReadonlyMap<string, string>) => Promise<unknown>>> =
  {
    'a form with everything encoded': (client, all) => client.json('/session/put', encoded(all)),
    'a form as browsers encode it': (client, all) =>
      client.json('/session/put', new URLSearchParams([...all]).toString()),
    JSON: (client, all) => client.json('/session/put', asJson(all), JSON_TYPE),
    'JSON with everything escaped': (client, all) =>
      client.json(
        '/session/put',
        asJson(all).replace(
          /[\u0080-\uffff]/g,
          (each) => `\\u${each.charCodeAt(0).toString(16).padStart(4, '0')}`,
        ),
        JSON_TYPE,
      ),
  }

for (const [way, put] of Object.entries(ways)) {
  test(`whatever the limits allow comes back byte for byte through ${way}`, async () => {
    await using server = await startServer({ durable: true })
    const client = await logIn(server)
    await fc.assert(
      fc.asyncProperty(attributes, async (all) => {
        await client.json('/session/delete', '')
        await put(client, all)
        expect(await read(client, '/session/get')).toEqual(sorted(all))
        const names = [...all.keys()]
        const query = names.map((each) => `key=${encodeURIComponent(each)}`).join('&')
        expect(await read(client, '/session/get', query)).toEqual(sorted(all))
        await client.json('/session/delete', JSON.stringify({ key: names }), JSON_TYPE)
        expect(await read(client, '/session/get')).toEqual([])
      }),
      { numRuns: 60 },
    )
  })
}

test('whatever the limits allow comes through a query string as well', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  await fc.assert(
    fc.asyncProperty(attributes, async (all) => {
      // The parser of the runtime has made U+FFFD of bytes that are no UTF-8 by then: it goes in a body.
      fc.pre(![...all].flat().some((each) => each.includes('\ufffd')) && encoded(all).length < 6_000)
      await client.json('/session/delete', '')
      await client.json(`/session/put?${encoded(all)}`)
      const query = [...all.keys()].map((each) => `key=${encodeURIComponent(each)}`).join('&')
      expect(await read(client, `/session/get?${query}`)).toEqual(sorted(all))
    }),
    { numRuns: 60 },
  )
})

type Step = readonly [string, string][] | readonly string[] | null

/** Puts pairs, deletes keys or (null) deletes all, here and there. */
async function take(client: Client, model: Map<string, string>, step: Step): Promise<void> {
  if (step === null) {
    model.clear()
    await client.json('/session/delete', '')
  } else if (isPairs(step)) {
    for (const [key, value] of step) model.set(key, value)
    await client.json('/session/put', encoded(new Map(step)))
  } else {
    for (const key of step) model.delete(key)
    await client.json('/session/delete', step.map((key) => `key=${encodeURIComponent(key)}`).join('&'))
  }
}

const isPairs = (step: NonNullable<Step>): step is readonly [string, string][] => Array.isArray(step[0])

test('any sequence of puts and deletes leaves what a map would hold', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  const name = fc.constantFrom('a', 'b', 'c', 'ä', '__proto__')
  const step: fc.Arbitrary<Step> = fc.oneof(
    fc.array(fc.tuple(name, text(5)), { minLength: 1, maxLength: 4 }),
    fc.array(name, { minLength: 1, maxLength: 3 }),
    fc.constant(null),
  )
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 8 }), async (steps) => {
      const model = new Map<string, string>()
      for (const each of [null, ...steps]) await take(client, model, each)
      expect(await read(client, '/session/get')).toEqual(sorted(model))
    }),
    { numRuns: 40 },
  )
})

test('no bytes at all make the server fail or mangle: a body is stored as it is or refused', async () => {
  await using server = await startServer({ durable: true })
  const client = await logIn(server)
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 60 }), fc.boolean(), async (bytes, isJson) => {
      await client.json('/session/delete', '')
      const type = isJson ? 'application/json' : 'application/x-www-form-urlencoded'
      const answer = await client.ask('/session/put', new Uint8Array(bytes), { 'content-type': type })
      expect(answer.status).toBeOneOf([200, 400])
      const kept = await read(client, '/session/get')
      expect(kept.length > 0).toBe(answer.status === 200)
    }),
    { numRuns: 150 },
  )
})

import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

async function codeOf(client: Client, body: Parameters<Client['ask']>[1], path = '/session/put') {
  const answer = await client.ask(path, body)
  const { code = null, detail = '' } = (await answer.json()) as { code?: string; detail?: string }
  return { status: answer.status, code, detail }
}

test('a key of 256 bytes, a value of 64 KiB and 1,024 attributes are just allowed', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const attributes = Object.fromEntries(Array.from({ length: 1_022 }, (_, i) => [`a${i}`, '']))
  await client.json('/session/put', attributes)
  await client.json('/session/put', { ['é'.repeat(128)]: 'x', big: `${'€'.repeat(21_845)}v` })
  expect(Object.keys((await client.json('/session/get')) as object)).toHaveLength(1_024)
  expect(await client.json(`/session/get?key=${encodeURIComponent('é'.repeat(128))}`)).toEqual({
    ['é'.repeat(128)]: 'x',
  })
  expect(await codeOf(client, { onemore: '' })).toMatchObject({ status: 413, code: 'too_many_attributes' })
  await client.json('/session/put', { a1: 'one that is there can still be replaced' })
  await client.json('/session/delete', { key: 'a0' })
  await client.json('/session/put', { onemore: '' })
})

test('a session holds 1 MiB, and what goes beyond is refused as a whole', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const full = 'v'.repeat(65_536)
  for (let i = 0; i < 15; i++) await client.json('/session/put', { [`a${i}`]: full })
  const used = 10 * 2 + 5 * 3 + 15 * 65_536
  await client.json('/session/put', { last: 'v'.repeat(1_048_576 - used - 4) })
  const etag = (await client.ask('/session/get')).headers.get('etag')
  expect(await codeOf(client, { b: '' })).toMatchObject({ status: 413, code: 'session_too_large' })
  expect(await codeOf(client, { a0: '', b: full, c: 'c' })).toMatchObject({ code: 'session_too_large' })
  expect((await client.ask('/session/get')).headers.get('etag')).toBe(etag)
  await client.json('/session/put', { a0: full.slice(1), b: '' })
  expect(await codeOf(client, { b: 'x' })).toMatchObject({ code: 'session_too_large' })
  await client.json('/session/delete', '')
  await client.json('/session/put', { a0: full })
})

test('all sessions of a user hold so many bytes together, and each of them its share in any case', async () => {
  const toml = '[limits]\nuser = "400 B"\n[session]\nper-user = 4\n'
  await using server = await startServer({ store: 'memory:', toml })
  const [a, b, c] = [await logIn(server), await logIn(server), await logIn(server)]
  await a.json('/session/put', { a: 'x'.repeat(299) })
  await b.json('/session/put', { b: 'x'.repeat(99) })
  const refused = await codeOf(c, { c: 'x'.repeat(100) })
  expect(refused).toMatchObject({ status: 413, code: 'user_too_large' })
  expect(refused.detail).toContain('400 bytes (limits.user)')
  expect(await c.json('/session/get')).toEqual({})
  await c.json('/session/put', { c: 'x'.repeat(99) })
  await a.json('/session/invalidate', '')
  await c.json('/session/put', { c: 'x'.repeat(299) })
})

test('a body of 1 MiB is just read', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const padded = `{"a":"b"}${' '.repeat(1_048_576 - 9)}`
  const answer = await client.ask('/session/put', padded, { 'content-type': 'application/json' })
  expect(answer.status).toBe(200)
  expect(await codeOf(client, 'a='.padEnd(1_048_577, 'v'))).toMatchObject({
    status: 413,
    code: 'body_too_large',
  })
})

test('every limit is a setting, and the refusal says which it was', async () => {
  const toml = '[limits]\nkey = "8 B"\nvalue = "16 B"\nattributes = 3\nsession = "40 B"\nbody = "1 KiB"\n'
  await using server = await startServer({ toml })
  const client = await logIn(server)
  await client.json('/session/put', { '12345678': '0123456789abcdef', b: '', c: '' })
  const refused: readonly (readonly [Record<string, string>, string, string])[] = [
    [{ '123456789': '' }, 'key_too_large', '8 bytes'],
    [{ b: '0123456789abcdefg' }, 'value_too_large', '16 bytes'],
    [{ d: '' }, 'too_many_attributes', '3 attributes'],
    [{ b: '0123456789abcdef' }, 'session_too_large', '40 bytes'],
    [{ b: 'x'.repeat(2_000) }, 'body_too_large', '1024 bytes'],
  ]
  for (const [attributes, code, limit] of refused) {
    const problem = await codeOf(client, attributes)
    expect(problem).toMatchObject({ status: 413, code })
    expect(problem.detail).toContain(limit)
  }
  expect(await client.json('/session/get')).toEqual({ '12345678': '0123456789abcdef', b: '', c: '' })
  await client.json('/session/put', { b: '0123456789abc' })
})

const JSON_TYPE = { 'content-type': 'application/json' }
/** So many pairs of a thousand different names. */
const pairs = (count: number) =>
  Array.from({ length: count }, (_, i) => [`a${i % 1_000}`, String(i)] as const)
const formOf = (count: number) =>
  pairs(count)
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
const objectOf = (count: number) =>
  `{${pairs(count)
    .map(([name, value]) => `"${name}":"${value}"`)
    .join(',')}}`
const tooMany = { status: 413, code: 'too_many_parameters' }

test('4,096 parameters are just read, and nothing is done with more', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/put', formOf(4_096))
  expect(await client.json('/session/get?key=a95')).toEqual({ a95: '4095' })
  await client.json('/session/delete', '')
  expect((await client.ask('/session/put', objectOf(4_096), JSON_TYPE)).status).toBe(200)
  expect(await client.json('/session/get?key=a95')).toEqual({ a95: '4095' })
  const problem = await codeOf(client, formOf(4_097))
  expect(problem).toMatchObject(tooMany)
  expect(problem.detail).toContain('4096 parameters')
  expect((await client.ask('/session/put', objectOf(4_097), JSON_TYPE)).status).toBe(413)
  expect(await client.json('/session/get?key=a95')).toEqual({ a95: '4095' })
  expect(await codeOf(client, 'key=a&'.repeat(5_000), '/session/delete')).toMatchObject(tooMany)
})

test('a session that may hold more attributes can be sent more parameters', async () => {
  await using server = await startServer({ toml: '[limits]\nattributes = 2000\n' })
  const client = await logIn(server)
  await client.json('/session/put', formOf(8_000))
  expect(await codeOf(client, formOf(8_001))).toMatchObject(tooMany)
})

test('parameters are counted before any is parsed', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const codeFor = async (body: string, headers: Record<string, string>) =>
    ((await (await client.ask('/session/put', body, headers)).json()) as { code: string }).code
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  // Neither percent-encoding nor JSON, which only a parser would find out.
  expect(await codeFor('%zz&'.repeat(5_000), form)).toBe('too_many_parameters')
  for (const part of ['"a":"",', '[', '[],', '{"a":', '1,'])
    expect(await codeFor(`{"a":${part.repeat(5_000)}`, JSON_TYPE)).toBe('too_many_parameters')
})

test('what stands in a value is no parameter', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const value = '",[{\\"\\\\,'.repeat(5_000)
  const answer = await client.ask('/session/put', JSON.stringify({ '[,{"\\': value, b: 'c' }), JSON_TYPE)
  expect(answer.status).toBe(200)
  expect(await client.json('/session/get')).toEqual({ '[,{"\\': value, b: 'c' })
})

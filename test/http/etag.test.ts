import { expect, test } from 'bun:test'
import { type Client, logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const etagOf = async (client: Client) => (await client.ask('/session/get')).headers.get('etag') ?? ''

test('a page that shows the session has no ETag, and is there whatever the browser says that it knows', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const etag = (await client.ask('/session/get')).headers.get('etag') ?? ''
  for (const known of [etag, '*']) {
    const page = await client.ask('/index.csp', null, { 'if-none-match': known })
    expect([page.status, page.headers.get('etag')]).toEqual([200, null])
    expect(await page.text()).toContain('You are logged in.')
  }
})

test('the ETag changes with every write, and with nothing else', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const seen = [await etagOf(client)]
  for (const write of ['put?a=1', 'put?a=1', 'put?b=2', 'delete?key=a', 'delete?key=a', 'delete']) {
    await client.json(`/session/${write}`)
    seen.push(await etagOf(client))
    expect(await etagOf(client)).toBe(seen.at(-1) ?? '')
  }
  expect(new Set(seen).size).toBe(seen.length)
  for (const etag of seen) expect(etag).toMatch(/^"[!#-~]+"$/)
  await client.ask('/session/put?=refused')
  await client.json('/session/info')
  server.now += 60_000
  expect(await etagOf(client)).toBe(seen.at(-1) ?? '')
})

test('If-None-Match gets 304 without a body as long as nothing has changed', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/put', { a: '1' })
  const etag = await etagOf(client)
  for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*', `  ${etag} `]) {
    const answer = await client.ask('/session/get?key=a', null, { 'if-none-match': known })
    expect([known, answer.status, await answer.text()]).toEqual([known, 304, ''])
    expect(answer.headers.get('etag')).toBe(etag)
    expect(answer.headers.get('cache-control')).toBe('no-store')
  }
  for (const known of ['"other"', etag.slice(1, -1), '']) {
    expect((await client.ask('/session/get', null, { 'if-none-match': known })).status).toBe(200)
  }
  await client.json('/session/put', { a: '1' })
  expect((await client.ask('/session/get', null, { 'if-none-match': etag })).status).toBe(200)
})

test('put and delete with If-Match succeed only if nothing has changed since', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  await client.json('/session/put', { a: '1' })
  const etag = await etagOf(client)
  await client.json('/session/put', { b: '2' })
  for (const call of ['put', 'delete']) {
    const answer = await client.ask(`/api/2/session/${call}`, 'key=a', { 'if-match': etag })
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([
      412,
      'changed_meanwhile',
    ])
  }
  expect(await client.json('/session/get')).toEqual({ a: '1', b: '2' })
  await client.json('/session/put', { c: '3' }, { 'if-match': await etagOf(client) })
  await client.json('/session/delete', { key: 'a' }, { 'if-match': await etagOf(client) })
  await client.json('/session/put', { d: '4' }, { 'if-match': '*' })
  expect(await client.json('/session/get')).toEqual({ b: '2', c: '3', d: '4' })
})

test('the ETag in the answer to a write is good for the next If-Match', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  let etag = await etagOf(client)
  for (const call of ['put?a=1', 'put?b=2', 'delete?key=a', 'put?c=3', 'delete']) {
    const answer = await client.ask(`/session/${call}`, null, { 'if-match': etag })
    expect(answer.status).toBe(200)
    etag = answer.headers.get('etag') ?? ''
    expect(etag).toBe(await etagOf(client))
  }
})

test('the ETag of another login never matches, be it at the same version', async () => {
  await using server = await startServer()
  const earlier = await logIn(server)
  const later = await logIn(server)
  for (const client of [earlier, later]) await client.json('/session/put', { a: '1' })
  const etag = await etagOf(earlier)
  await earlier.json('/session/invalidate')
  expect((await later.ask('/session/put', { a: '2' }, { 'if-match': etag })).status).toBe(412)
  expect((await later.ask('/session/get', null, { 'if-none-match': etag })).status).toBe(200)
  expect(await later.json('/session/get')).toEqual({ a: '1' })
})

test('what is refused for another reason is refused for it, whatever If-Match says', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const etag = await etagOf(client)
  await client.json('/session/invalidate')
  expect((await client.ask('/session/put', { a: '1' }, { 'if-match': etag })).status).toBe(401)
})

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
  for (const known of ['"other"', '']) {
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

/** A tag of ours as proxies that compress hand it on. */
const marked = (etag: string) => {
  const inside = (suffix: string) => `${etag.slice(0, -1)}${suffix}"`
  return [
    ...[etag, `W/${etag}`, `w/${etag}`, `${etag}-gzip`, `${etag};gzip`, ` ${etag}\t`],
    ...['-gzip', '--gzip', '-br', '-zstd', '-df', '-deflate', ';gzip', ';br', ';gz', ';;;', ':gzip'].map(
      inside,
    ),
    ...['-gzip-gzip', '-br--gzip', '-GZIP'].map(inside),
    `W/${inside('-gzip')}`,
  ]
}

test('a tag that proxies have marked as compressed names the same version', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  for (const [i, known] of marked('"x"').entries()) {
    const etag = await etagOf(client)
    const sent = known.replace('x', etag.slice(1, -1))
    const read = await client.ask('/session/get', null, { 'if-none-match': sent })
    expect([sent, read.status, read.headers.get('etag')]).toEqual([sent, 304, etag])
    const write = await client.ask('/session/put', { [`k${i}`]: '' }, { 'if-match': sent })
    expect([sent, write.status]).toEqual([sent, 200])
    const late = await client.ask('/session/put', { lost: '1' }, { 'if-match': sent })
    expect([sent, late.status]).toEqual([sent, 412])
  }
  expect(Object.keys((await client.json('/session/get')) as object)).not.toContain('lost')
})

test('what is no mark of a compression names another version', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  const etag = (await etagOf(client)).slice(1, -1)
  for (const inner of ['0', 'gzip', '-', '.gzip', '-gzipped', '-gzip-', ' -gzip', '-other', ';', '-gzip;q=1'])
    for (const header of ['if-match', 'if-none-match']) {
      const path = header === 'if-match' ? '/session/put?a=1' : '/session/get'
      const answer = await client.ask(path, null, { [header]: `"${etag}${inner}"` })
      expect([header, inner, answer.status]).toEqual([header, inner, header === 'if-match' ? 412 : 200])
    }
})

test('a tag without quotes is refused with the header and what a right one looks like', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  const etag = await etagOf(client)
  const bare = etag.slice(1, -1)
  const wrong = [
    bare,
    'abc',
    '0',
    `W/${bare}`,
    `"${bare}`,
    `${bare}"`,
    `${etag}, ${bare}`,
    `*, ${etag}`,
    `${etag} ${etag}`,
  ]
  for (const sent of wrong) {
    for (const [header, path] of [
      ['If-Match', '/session/put?a=1'],
      ['If-Match', '/session/delete'],
      ['If-None-Match', '/session/get'],
    ] as const) {
      const answer = await client.ask(path, null, { [header]: sent })
      const problem = (await answer.json()) as { code: string; detail: string }
      expect([sent, path, answer.status, problem.code]).toEqual([sent, path, 400, 'malformed_request'])
      expect(problem.detail).toBe(
        `${header} is ${sent}, and an ETag has quotes around it. Send it as it came, such as "…".`,
      )
    }
  }
  const empty = await client.ask('/session/put?a=1', null, { 'If-Match': '' })
  expect([empty.status, ((await empty.json()) as { detail: string }).detail]).toEqual([
    400,
    'If-Match is empty. Send the ETag of the session as it was read, quotes included, or leave the header out.',
  ])
  expect(await client.json('/session/get')).toEqual({})
})

test('of a list in If-Match one tag that fits is enough', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  const seen = [await etagOf(client)]
  const put = async (n: number, ifMatch: string) => {
    const answer = await client.ask('/session/put', { n: String(n) }, { 'if-match': ifMatch })
    if (answer.status === 200) seen.push(answer.headers.get('etag') ?? '')
    return answer.status
  }
  const at = (version: number) => seen[version - 1] ?? ''
  const later = (version: number) => at(1).replace('.1"', `.${version}"`)
  expect(await put(1, `"other", ${at(1)}`)).toBe(200)
  expect(await put(2, `${at(1)},${at(2)}`)).toBe(200)
  expect(await put(3, `${at(3)}, ${at(1)},`)).toBe(200)
  expect(await put(4, `, "a,b" ,W/${later(9)},${at(4)}`)).toBe(200)
  expect(await put(0, `${at(1)}, ${at(3)}, ${at(4)}`)).toBe(412)
  expect(await put(0, `"other", "${'-'.repeat(22)}.5"`)).toBe(412)
  expect(await put(0, Array.from({ length: 9 }, (_, i) => later(i + 1)).join())).toBe(400)
  expect(await client.json('/session/get')).toEqual({ n: '4' })
})

import { expect, test } from 'bun:test'
import { routes } from '../../src/http/routes.ts'
import { logIn } from '../support/client.ts'
import { LAST_REQUEST, sendRaw } from '../support/raw.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { sentDuring } from '../support/redis-sent.ts'
import { startServer } from '../support/server.ts'

const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'
const JSON_TYPE = 'Content-Type: application/json\r\n'
const MEMORY = { store: 'memory:' }

/** A token as a session has one, but nobody does. */
const DEAD = `Cookie: zsessionid=u${'A'.repeat(43)}\r\n`

const post = (path: string, headers: string, body = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${headers}\r\n${body}`

/** Every path that answers to POST and needs a session. */
const paths = [...routes]
  .filter(([path, { methods }]) => methods.includes('POST') && path !== '/z_security_check')
  .map(([path]) => path)

test('a request without a token of ours is answered from its head alone, and its body is not waited for', async () => {
  await using server = await startServer(MEMORY)
  const ask = async (path: string, headers: string) => {
    const { answers } = await sendRaw(server.port, post(path, headers))
    return [path, answers.map(({ status }) => status)]
  }
  const leadsOn = ['/sessions', '/password', '/login/logout.csp']
  const expected = paths.map((path) => [path, [leadsOn.includes(path) ? 302 : 401]])
  for (const cookie of ['', 'Cookie: other=1; zsessionid=short\r\n']) {
    for (const rest of ['Content-Length: 7\r\n', 'Transfer-Encoding: chunked\r\n'])
      expect(await Promise.all(paths.map((path) => ask(path, cookie + FORM + rest)))).toEqual(expected)
  }
})

/** What else can be wrong with a request: path, headers and body. */
const wrong: Readonly<Record<string, readonly [path: string, headers: string, body: string]>> = {
  'a key that is empty': ['/session/put', FORM, '=1'],
  'a key that is too large': ['/session/put', FORM, `${'k'.repeat(300)}=1`],
  'nothing to put': ['/session/put', FORM, ''],
  'the reserved attribute': ['/session/put', FORM, 'CSRFToken=1'],
  'broken percent-encoding': ['/session/put', FORM, 'a=%zz'],
  'bytes that are not UTF-8': ['/session/delete', FORM, 'key=\xff'],
  'a query that is broken': ['/session/get?key=%ff', FORM, 'a=1'],
  'a query of many parameters': [`/session/get?${'a&'.repeat(2_000)}`, FORM, ''],
  'JSON that is none': ['/session/put', JSON_TYPE, '{'],
  'JSON with a number': ['/session/put', JSON_TYPE, '{"a":1}'],
  'another type': ['/session/put', 'Content-Type: text/plain\r\n', 'a=1'],
  'no type': ['/session/put', '', 'a=1'],
  'another encoding': ['/session/put', `${FORM}Content-Encoding: gzip\r\n`, 'a=1'],
  'a list of tags': ['/session/put', `${FORM}If-Match: "a", "b"\r\n`, 'a=1'],
  'a key that cannot be one': ['/session/get', FORM, 'key=%00'],
  'an unknown parameter': ['/session/revoke', FORM, 'sure=yes'],
  'a password in the query': ['/session/revoke?password=x', FORM, 'others=true'],
  'an old password in the query': ['/user/password?old=x', FORM, ''],
  'a password of a user in the query': ['/admin/users/create?password=x', FORM, ''],
  'a switch that is none': ['/admin/sessions/revoke', FORM, 'all=perhaps'],
  'more fields than any call has': ['/admin/users/list', FORM, 'a&'.repeat(1_000)],
}

test('without a live session the answer is 401, whatever else is wrong', async () => {
  await using server = await startServer(MEMORY)
  const seen = Object.entries(wrong).map(async ([says, [path, headers, body]]) => {
    const { answers } = await sendRaw(
      server.port,
      post(path, `${DEAD}${headers}Content-Length: ${body.length}\r\nConnection: close\r\n`, body),
    )
    return [says, answers.map(({ status, body }) => [status, JSON.parse(body).code])]
  })
  expect(Object.fromEntries(await Promise.all(seen))).toEqual(
    Object.fromEntries(Object.keys(wrong).map((says) => [says, [[401, 'not_logged_in']]])),
  )
})

/** Heads of bodies that are larger than any client may send, and as much of each body as shows it. */
const large: Readonly<Record<string, string>> = {
  'a length': `${FORM}Content-Length: 16385\r\n`,
  'a length of JSON': `${JSON_TYPE}Content-Length: 1048576\r\n`,
  'a length beyond all limits': `${FORM}Content-Length: 2000000\r\n`,
  chunks: `${FORM}Transfer-Encoding: chunked\r\n`,
}
const bodyOf = (says: string) => (says === 'chunks' ? `4001\r\na=${'v'.repeat(16_383)}\r\n` : '')

test('a body of more than 16 KiB is not waited for unless a cookie is that of a live session', async () => {
  await using server = await startServer(MEMORY)
  const { cookie } = await logIn(server)
  const attributes = ['/session/put', '/session/get', '/session/delete', '/session/revoke']
  const ask = async (says: string, path: string) => {
    const { answers } = await sendRaw(server.port, post(path, DEAD + large[says], bodyOf(says)))
    return [says, path, answers.map(({ status }) => status)]
  }
  const cases = Object.keys(large).flatMap((says) => attributes.map((path) => [says, path] as const))
  expect(await Promise.all(cases.map(([says, path]) => ask(says, path)))).toEqual(
    cases.map((each) => [...each, [401]]),
  )
  // With one it is waited for, and stored.
  const head = `Cookie: zsessionid=x${'A'.repeat(43)}; ${cookie}\r\n`
  const body = `a=${'v'.repeat(60_000)}`
  const { answers } = await sendRaw(
    server.port,
    post('/session/put', `${head}${FORM}Content-Length: ${body.length}\r\nConnection: close\r\n`, body),
  )
  expect(answers.map(({ status }) => status)).toEqual([200])
})

test('a client that sends all of its body before it listens gets its answer, and only a body without a known end hangs up', async () => {
  await using server = await startServer(MEMORY)
  const body = 'v'.repeat(1_048_576)
  for (const headers of ['', DEAD]) {
    const request = post('/session/put', `${headers}${FORM}Content-Length: ${body.length}\r\n`, body)
    const { answers } = await sendRaw(server.port, request, LAST_REQUEST)
    expect(answers.map(({ status }) => status)).toEqual([401, 200])
    for (const rest of ['Content-Length: 1048577\r\n', 'Transfer-Encoding: chunked\r\n']) {
      const { answers, closed } = await sendRaw(
        server.port,
        post('/session/put', headers + FORM + rest, '20000\r\n'.padEnd(131_081, 'v')),
      )
      expect([answers.map(({ status, headers }) => [status, headers.get('connection')]), closed]).toEqual([
        [[401, 'close']],
        true,
      ])
    }
  }
})

test('calls that take no attributes read 16 KiB at most, and so does the login', async () => {
  await using server = await startServer(MEMORY)
  const { cookie } = await logIn(server)
  const calls = paths.filter((path) => !/session\/(put|get|delete)$/.test(path))
  const ask = async (says: string, path: string, headers: string) => {
    const { answers } = await sendRaw(server.port, post(path, headers + large[says], bodyOf(says)))
    return [says, path, answers.map(({ status, body }) => [status, JSON.parse(body).code])]
  }
  const json = 'Accept: application/json\r\n'
  const cases = ['a length', 'chunks'].flatMap((says): (readonly [string, string, string])[] => [
    ...calls.map((path) => [says, path, `Cookie: ${cookie}\r\n${json}`] as const),
    [says, '/z_security_check', json] as const,
  ])
  expect(await Promise.all(cases.map((each) => ask(...each)))).toEqual(
    cases.map(([says, path]) => [says, path, [[413, 'body_too_large']]]),
  )
  const { answers } = await sendRaw(
    server.port,
    post(
      '/z_security_check',
      `Accept: application/json\r\n${FORM}Content-Length: 513\r\n`,
      'a&'.repeat(256).concat('b'),
    ),
  )
  expect(answers.map(({ status, body }) => [status, JSON.parse(body).code])).toEqual([
    [400, 'missing_parameter'],
  ])
})

test('another site is refused before anybody looks for a session, and a wrong CSRF token after', async () => {
  await using server = await startServer(MEMORY)
  const { cookie } = await logIn(server, { csrf: true })
  const codes = async (headers: string, body: string) => {
    const all = `${headers}${FORM}Content-Length: ${body.length}\r\nConnection: close\r\n`
    const { answers } = await sendRaw(server.port, post('/session/put', all, body))
    return answers.map((answer) => JSON.parse(answer.body).code)
  }
  const foreign = 'Sec-Fetch-Site: cross-site\r\n'
  for (const body of ['a=1', 'a=%zz', `a=${'v'.repeat(20_000)}`]) {
    expect(await codes(foreign, body)).toEqual(['cross_site'])
    expect(await codes(foreign + DEAD, body)).toEqual(['cross_site'])
    expect(await codes(`${foreign}Cookie: ${cookie}\r\n`, body)).toEqual(['cross_site'])
  }
  expect(await codes(`Cookie: ${cookie}\r\n`, `a=${'v'.repeat(20_000)}`)).toEqual(['csrf_failed'])
  expect(await codes(`Cookie: ${cookie}\r\n`, 'a=%zz')).toEqual(['malformed_request'])
})

describeWithRedis('a server on Redis', () => {
  test('asks it once for a small put, and once more for a live session before a large one', async () => {
    await using redis = await startRedis()
    await using server = await startServer({ store: redis.url, nodes: 1 })
    const client = await logIn(server)
    const sent = (work: () => Promise<unknown>) => sentDuring(redis, work)
    const many = Array.from({ length: 300 }, (_, i) => `k${i}=`).join('&')
    await client.json('/session/put', { warm: '1' })
    await client.json('/session/get?key=a')
    const put = (body: Record<string, string> | string) => sent(() => client.json('/session/put', body))
    expect(await put({ a: 'v'.repeat(16_000) })).toEqual(['EVALSHA'])
    expect(await put({ a: 'v'.repeat(17_000) })).toEqual(['HMGET', 'EVALSHA'])
    expect(await put(many)).toEqual(['HMGET', 'EVALSHA'])
    expect(await sent(() => client.json('/session/get?key=a'))).toEqual(['HMGET'])
    const dead = { cookie: DEAD.slice(8).trim() }
    const refused = () =>
      fetch(`${server.url}/session/put`, { method: 'POST', body: 'v'.repeat(100_000), headers: dead })
    expect(await sent(refused)).toEqual(['HMGET'])
  })
})

import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const JSON_TYPE = { 'content-type': 'application/json' }

for (const prefix of ['', '/api/1', '/api/2']) {
  test(`put, get, delete and invalidate mean the same under «${prefix}»`, async () => {
    await using server = await startServer()
    const { json, ask } = await logIn(server)
    const path = (call: string) => `${prefix}/session/${call}`
    expect(await json(path('put'), { myvar1: 'hello', myvar2: 'world' })).toEqual({})
    expect(await json(path('put?myvar3=again&myvar2=World'))).toEqual({})
    expect(await json(path('get?key=myvar1&key=nothing&key=myvar3'))).toEqual({
      myvar1: 'hello',
      myvar3: 'again',
    })
    expect(await json(path('get'), 'key=myvar2&key=myvar2')).toEqual({ myvar2: 'World' })
    expect(await json('/session/get')).toEqual({ myvar1: 'hello', myvar2: 'World', myvar3: 'again' })
    expect(await json(path('delete'), { key: 'myvar1' })).toEqual({})
    expect(await json(path('delete?key=myvar3'))).toEqual({})
    expect(await json(path('get'))).toEqual({ myvar2: 'World' })
    expect(await json(path('delete'), '')).toEqual({})
    expect(await json(path('get'))).toEqual({})
    expect(await json(path('delete'))).toEqual({})
    expect(await json(path('invalidate'))).toEqual({})
    expect((await ask(path('get'))).status).toBe(401)
    expect((await ask('/session/put', { late: 'x' })).status).toBe(401)
  })
}

test('JSON puts an object of strings, and names keys for get and delete in a list or alone', async () => {
  await using server = await startServer()
  const { json } = await logIn(server)
  await json('/session/put', '{"a": "1", "b": "2", "c": "3", "d": ""}', JSON_TYPE)
  expect(await json('/session/get', '{"key": ["a", "d", "nothing"]}', JSON_TYPE)).toEqual({ a: '1', d: '' })
  expect(await json('/session/get', '{"key": "b"}', JSON_TYPE)).toEqual({ b: '2' })
  expect(await json('/session/get', '{}', JSON_TYPE)).toEqual({ a: '1', b: '2', c: '3', d: '' })
  await json('/session/delete', '{"key": ["a", "b"]}', JSON_TYPE)
  expect(await json('/session/get')).toEqual({ c: '3', d: '' })
  await json('/session/put', '{"e": "5"}', { 'content-type': 'Application/JSON; charset=UTF-8' })
  await json('/session/delete', '{"key": "c"}', JSON_TYPE)
  expect(await json('/session/get')).toEqual({ d: '', e: '5' })
})

test('of a key that comes twice the last one stands, and the body comes behind the query', async () => {
  await using server = await startServer()
  const { json } = await logIn(server)
  await json('/session/put', 'a=1&b=1&a=2')
  await json('/session/put?b=2&c=2', 'c=3')
  await json('/session/put', '{"d":"1","d":"2"}', JSON_TYPE)
  expect(await json('/session/get')).toEqual({ a: '2', b: '2', c: '3', d: '2' })
  expect(await json('/session/get?key=a', 'key=b')).toEqual({ a: '2', b: '2' })
})

test('a form means what browsers mean by one', async () => {
  await using server = await startServer()
  const { json, ask } = await logIn(server)
  await json('/session/put', 'a=x+y%2Bz&b&c=d=e&&f%3Dg=%26')
  expect(await (await ask('/session/get')).text()).toBe('{"a":"x y+z","b":"","c":"d=e","f=g":"&"}')
})

test('a key that is too large to be put is merely one that is not there', async () => {
  await using server = await startServer()
  const { json } = await logIn(server)
  const key = 'k'.repeat(257)
  await json('/session/put', { a: 'b' })
  expect(await json(`/session/get?key=${key}&key=a`)).toEqual({ a: 'b' })
  await json('/session/delete', { key })
  expect(await json('/session/get')).toEqual({ a: 'b' })
})

test('the names of the language are ordinary keys', async () => {
  await using server = await startServer()
  const { json, ask } = await logIn(server)
  const names = ['__proto__', 'constructor', 'hasOwnProperty', 'prototype', 'toString', 'key', 'length']
  const expected = `{${names.toSorted().map((name) => `"${name}":"${name}!"`)}}`
  await json('/session/put', names.map((name) => `${name}=${name}!`).join('&'))
  expect(await (await ask('/session/get')).text()).toBe(expected)
  await json('/session/delete')
  await json('/session/put', `{${names.map((name) => `"${name}":"${name}!"`)}}`, JSON_TYPE)
  expect(await (await ask('/session/get')).text()).toBe(expected)
  expect(await (await ask('/session/get?key=__proto__')).text()).toBe('{"__proto__":"__proto__!"}')
  await json('/session/delete?key=__proto__&key=constructor')
  expect(await (await ask('/session/get?key=__proto__&key=constructor&key=valueOf')).text()).toBe('{}')
})

test('get answers in an order that does not hang on how the attributes came', async () => {
  await using server = await startServer()
  const { json, ask } = await logIn(server)
  const keys = ['b', '10', '9', 'a', 'Z', 'ä', '€', '😀', '1', '-']
  for (const key of keys) await json('/session/put', { [key]: '' })
  const order = await (await ask('/session/get')).text()
  expect(order.match(/"([^"]+)":/g)).toHaveLength(keys.length)
  await json('/session/delete')
  await json('/session/put', Object.fromEntries(keys.toReversed().map((key) => [key, ''])))
  expect(await (await ask('/session/get')).text()).toBe(order)
  const query = keys.map((key) => `key=${encodeURIComponent(key)}`).join('&')
  expect(await (await ask(`/session/get?${query}`)).text()).toBe(order)
})

test('every answer says that it is JSON, is kept by nobody and is never taken for another type', async () => {
  await using server = await startServer()
  const { ask } = await logIn(server)
  for (const path of ['put?a=b', 'get', 'get?key=nothing', 'info', 'list', 'delete', 'invalidate']) {
    const { status, headers } = await ask(`/session/${path}`)
    expect([path, status]).toEqual([path, 200])
    expect(headers.get('content-type')).toBe('application/json')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(headers.get('x-content-type-options')).toBe('nosniff')
    expect(headers.get('access-control-allow-origin')).toBeNull()
  }
})

test('invalidate makes the browser forget the cookie, and ends every session that came with it', async () => {
  await using server = await startServer()
  const [one, other, third] = [await logIn(server), await logIn(server), await logIn(server)]
  const answer = await one.ask('/session/invalidate', '', { cookie: `${one.cookie}; ${other.cookie}` })
  expect(answer.headers.get('set-cookie')).toMatch(/^zsessionid=; .*Max-Age=0/)
  expect((await one.ask('/session/get')).status).toBe(401)
  expect((await other.ask('/session/get')).status).toBe(401)
  expect((await third.ask('/session/get')).status).toBe(200)
  expect((await one.ask('/session/invalidate')).status).toBe(401)
})

test('two sessions of one user share nothing', async () => {
  await using server = await startServer()
  const [one, other] = [await logIn(server), await logIn(server)]
  await one.json('/session/put', { a: '1' })
  await other.json('/session/put', { b: '2' })
  await other.json('/session/delete', { key: 'a' })
  expect(await one.json('/session/get')).toEqual({ a: '1' })
  expect(await other.json('/session/get')).toEqual({ b: '2' })
})

test('the CSRF token is read by its name alone, and not deleted with everything', async () => {
  await using server = await startServer()
  const { json, csrfToken } = await logIn(server, { csrf: true })
  await json('/session/put', { a: 'b' })
  expect(await json('/session/get')).toEqual({ a: 'b' })
  expect(await json('/session/get?key=CSRFToken&key=a')).toEqual({ CSRFToken: csrfToken, a: 'b' })
  await json('/session/delete', { key: 'CSRFToken' })
  expect(await json('/session/get?key=CSRFToken&key=a')).toEqual({ CSRFToken: csrfToken, a: 'b' })
  await json('/session/delete', '')
  expect(await json('/session/get?key=CSRFToken')).toEqual({ CSRFToken: csrfToken })
})

test('a login without protection has no CSRF token', async () => {
  await using server = await startServer()
  const { json, ask } = await logIn(server)
  await json('/session/put', { a: 'b' })
  expect(await json('/session/get?key=CSRFToken')).toEqual({})
  expect(await json('/session/get?key=CSRFToken&key=a')).toEqual({ a: 'b' })
  expect((await ask('/session/put', { CSRFToken: 'x' })).status).toBe(400)
  await json('/session/delete', { key: 'CSRFToken' })
  expect(await json('/session/get')).toEqual({ a: 'b' })
})

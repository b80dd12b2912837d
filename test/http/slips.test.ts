import { expect, test } from 'bun:test'
import { jsonErrorIn } from '../../src/http/json-error.ts'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const MEMORY = { store: 'memory:' }
const FORM = 'application/x-www-form-urlencoded'

/** A server, and what it answers to a body of one type. */
async function given() {
  const server = await startServer(MEMORY)
  const client = await logIn(server)
  const ask = async (path: string, type: string | null, body: string | Buffer) => {
    const answer = await fetch(server.url + path, {
      method: 'POST',
      body: new Blob([new Uint8Array(Buffer.from(body))]),
      headers: { cookie: client.cookie, ...(type === null ? {} : { 'content-type': type }) },
    })
    const { code = '', detail = '' } = (await answer.json()) as { code?: string; detail?: string }
    return { status: answer.status, code, detail }
  }
  return { client, ask, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

test('JSON that is sent as a form is refused with the type to send, wherever it is', async () => {
  await using server = await given()
  const { client, ask } = server
  await client.json('/session/put', { kept: '1' })
  const bodies = [
    ...['{"a":"1"}', ' \r\n{"a":"1"}', '{"a":"b=c&d"}', '{"key":"a"}', '[]', '["a"]', '{}', '{a:1}', '{'],
    ...['%7B%22a%22%3A%221%22%7D', '%0a%7B%7D', '{"a":"1"}&CSRFToken=x', 'CSRFToken=x&{"key":["a"]}'],
  ]
  for (const path of ['/session/put', '/session/get', '/session/delete', '/session/invalidate']) {
    for (const body of bodies) {
      const problem = await ask(path, FORM, body)
      expect([path, body, problem.code]).toEqual([path, body, 'malformed_request'])
      expect(problem.detail).toContain('Content-Type: application/json')
    }
    expect((await client.ask(`${path}?{"key":"a"}`)).status).toBe(400)
  }
  const login = await ask('/z_security_check', FORM, '{"z_username":"a","z_password":"secret"}')
  expect(login).toMatchObject({ status: 400, code: 'malformed_request' })
  expect(await client.json('/session/get')).toEqual({ kept: '1' })
})

test('a form that merely begins like JSON is a form', async () => {
  await using server = await given()
  const { client, ask } = server
  const forms = ['{a}=1', '[0]=x', '{"a":"1"}=x', '[b', '%7Bc%7D', 'd=1&{e}', '{f}&g=1', '"h"=1', '{"i":=']
  for (const form of forms)
    expect([form, (await ask('/session/put', FORM, form)).status]).toEqual([form, 200])
  expect(Object.keys((await client.json('/session/get')) as object)).toEqual(
    ['"h"', '[0]', '[b', 'd', 'g', '{"a":"1"}', '{"i":', '{a}', '{c}', '{e}', '{f}'].toSorted(),
  )
})

test('a charset in which ASCII is ASCII is read as far as that', async () => {
  await using server = await given()
  const { client, ask } = server
  const charsets = ['ISO-8859-1', '"iso-8859-1"', 'us-ascii', 'US-ASCII', 'latin1', 'windows-1252', '"UTF-8"']
  for (const [i, charset] of charsets.entries()) {
    const form = await ask('/session/put', `${FORM}; charset=${charset}`, `f${i}=1+%41`)
    const json = await ask('/session/put', `application/json;charset=${charset}`, `{"j${i}":"\\u00fc"}`)
    expect([charset, form.status, json.status]).toEqual([charset, 200, 200])
  }
  expect(await client.json('/session/get?key=f0&key=j0')).toEqual({ f0: '1 A', j0: 'ü' })
  for (const body of ['a=ü', 'a=%C3%BC', 'a=%fc', Buffer.from('a=ü', 'latin1')]) {
    const problem = await ask('/session/put', `${FORM}; charset=ISO-8859-1`, body)
    expect(problem).toMatchObject({ status: 415, code: 'unsupported_media_type' })
    expect(problem.detail).toContain('iso-8859-1')
  }
  expect((await ask('/session/put', `${FORM}; charset=ISO-8859-1; charset=utf-16`, 'a=1')).status).toBe(415)
})

/** Requests that are wrong, and what the message about each has to hold. None may hold `secret`. */
const messages: Readonly<
  Record<string, readonly [type: string | null, body: string | Buffer, says: string]>
> = {
  'no type': [null, 'a=secret', 'no Content-Type'],
  multipart: ['multipart/form-data; boundary=x', '--x', 'http_build_query'],
  'another type': ['text/plain', 'a=secret', '"text/plain"'],
  'another charset': [`${FORM}; charset=utf-16`, 'a=secret', '"utf-16"'],
  'a number': ['application/json', '{"count":1}', '"count" in the JSON body is a number'],
  null: ['application/json', '{"b":"secret","count":null}', '"count" in the JSON body is null'],
  'a boolean': ['application/json', '{"count":true}', '"count" in the JSON body is a boolean'],
  'an object': ['application/json', '{"count":{"secret":1}}', '"count" in the JSON body is an object'],
  'a list': ['application/json', '{"count":["secret"]}', '"count" in the JSON body is a list'],
  'a list as a whole': ['application/json', '["secret"]', 'is a list'],
  'JSON that ends': ['application/json', '{"a":"secret"', 'line 1, column 14'],
  'JSON with a comma too many': ['application/json', '{\n "a": "secret",\n}', 'line 3, column 1'],
  'JSON with other quotes': ['application/json', "{'secret':'1'}", 'line 1, column 2'],
  'JSON in Latin-1': ['application/json', Buffer.from('{"a":"secret ü"}', 'latin1'), 'byte 14'],
  'Latin-1, percent-encoded': [FORM, 'b=1&stadt=secret+%FC', '"stadt" is percent-encoded, but not in UTF-8'],
  'Latin-1 as it is': [FORM, Buffer.from('b=1&stadt=secret ü&c=2', 'latin1'), '"stadt" is not UTF-8'],
  'half a character': [FORM, 'b=1&stadt=secret%C3', '"stadt" is percent-encoded, but not in UTF-8'],
  'a percent sign': [
    FORM,
    'b=1&rate=secret 100%',
    '"rate" holds a % that two hexadecimal digits do not follow',
  ],
  'a percent sign in a name': [FORM, '100%=secret', 'The name "100%" of a parameter'],
  'a key that is too large': [FORM, `${'k'.repeat(300)}=secret`, '300 bytes'],
  'a value that is too large': [FORM, `big=${'secret'.repeat(11_000)}`, '"big" has 66000 bytes'],
  'too many attributes': [
    FORM,
    Array.from({ length: 1_025 }, (_, i) => `k${i}`).join('&'),
    'with the 1025 that were sent',
  ],
  'a body that is too large': [FORM, 'secret'.repeat(200_000), '1200000 bytes'],
}

test('a message names the parameter, the place or the limit, and never a value', async () => {
  await using server = await given()
  for (const [what, [type, body, says]] of Object.entries(messages)) {
    const { detail } = await server.ask('/session/put', type, body)
    expect([what, detail]).toEqual([what, expect.stringContaining(says)])
    expect(detail).not.toContain('secret')
  }
})

test('the place of an error in JSON is where the parser of the runtime stops too', () => {
  const good = '{ "a" : [1, -2.5e+3, {"b": {}}, [], "\\u00e9\\n", true, false, null], "": "x" }'
  expect(JSON.parse(good)).toBeObject()
  for (let at = 0; at < good.length; at++) {
    const cut = good.slice(0, at)
    expect(() => JSON.parse(cut)).toThrow()
    const { column } = jsonErrorIn(cut)
    expect(column).toBeLessThanOrEqual(at + 1)
    // What comes before the place is fine: no error lies further ahead in a longer beginning.
    expect(jsonErrorIn(good.slice(0, at + 1)).column).toBeGreaterThanOrEqual(column)
  }
  expect(jsonErrorIn('['.repeat(100_000))).toMatchObject({ line: 1, column: 100_001 })
})

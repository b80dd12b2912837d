import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { LAST_REQUEST, sendRaw } from '../support/raw.ts'
import { startServer } from '../support/server.ts'

/** What a smuggler wants the server to take for a request of its own. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'

interface Framing {
  /** Header lines, each with its end. */
  readonly headers: string
  readonly body: string
}

/** Requests whose end two parties could see in different places. */
const ambiguous: Readonly<Record<string, Framing>> = {
  'a length and chunks': {
    headers: 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n',
    body: '0\r\n\r\n',
  },
  'chunks and a length': {
    headers: 'Transfer-Encoding: chunked\r\nContent-Length: 5\r\n',
    body: '0\r\n\r\n',
  },
  'another transfer encoding': { headers: 'Transfer-Encoding: xchunked\r\n', body: '0\r\n\r\n' },
  'chunks that are not last': { headers: 'Transfer-Encoding: chunked, identity\r\n', body: '0\r\n\r\n' },
  'two transfer encodings': {
    headers: 'Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n',
    body: '0\r\n\r\n',
  },
  'two different lengths': { headers: 'Content-Length: 0\r\nContent-Length: 3\r\n', body: 'a=b' },
  'two lengths in one header': { headers: 'Content-Length: 3, 3\r\n', body: 'a=b' },
  'a length with a plus': { headers: 'Content-Length: +3\r\n', body: 'a=b' },
  'a length with a minus': { headers: 'Content-Length: -3\r\n', body: 'a=b' },
  'a hexadecimal length': { headers: 'Content-Length: 0x3\r\n', body: 'a=b' },
  'a length with a fraction': { headers: 'Content-Length: 3.0\r\n', body: 'a=b' },
  'an empty length': { headers: 'Content-Length:\r\n', body: '' },
  'a length beyond all numbers': { headers: 'Content-Length: 99999999999999999999\r\n', body: 'a=b' },
  'a header that is folded': { headers: 'X-A: a\r\n b\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a length that is folded': { headers: 'Content-Length:\r\n 3\r\n', body: 'a=b' },
  'lines that end with LF alone': { headers: 'X-A: a\nContent-Length: 3\r\n', body: 'a=b' },
  'lines that end with CR alone': { headers: 'X-A: a\rContent-Length: 3\r\n', body: 'a=b' },
  'a blank before the colon of a length': { headers: 'Content-Length : 3\r\n', body: 'a=b' },
  'a blank before the colon of an encoding': {
    headers: 'Transfer-Encoding : chunked\r\n',
    body: '0\r\n\r\n',
  },
  'a blank before the name of a header': { headers: ' Content-Length: 3\r\n', body: 'a=b' },
  'a NUL in a header': { headers: 'X-A: a\0b\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a header without a name': { headers: ': a\r\nContent-Length: 3\r\n', body: 'a=b' },
  'a chunk of no size': { headers: 'Transfer-Encoding: chunked\r\n', body: 'zz\r\na=b\r\n0\r\n\r\n' },
  'a chunk of negative size': { headers: 'Transfer-Encoding: chunked\r\n', body: '-3\r\na=b\r\n0\r\n\r\n' },
  'a chunk that is longer than it says': {
    headers: 'Transfer-Encoding: chunked\r\n',
    body: '1\r\na=b\r\n0\r\n\r\n',
  },
  'chunks that end with LF alone': { headers: 'Transfer-Encoding: chunked\r\n', body: '3\na=b\n0\n\n' },
}

test('a request whose end is ambiguous is refused once, closes the connection and stores nothing', async () => {
  await using server = await startServer()
  const { cookie, json } = await logIn(server)
  const head = `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}`
  const seen: Record<string, unknown> = {}
  for (const [says, { headers, body }] of Object.entries(ambiguous)) {
    const { answers, closed } = await sendRaw(server.port, `${head}${headers}\r\n${body}${SMUGGLED}`)
    seen[says] = { statuses: answers.map(({ status }) => status), closed }
  }
  const refused = Object.fromEntries(
    Object.keys(ambiguous).map((says) => [says, { statuses: [400], closed: true }]),
  )
  expect(seen).toEqual(refused)
  expect(await json('/session/get')).toEqual({})
})

/** Bodies that hold a request, sent to paths that never read them. */
const unread: Readonly<Record<string, string>> = {
  'to a path with nothing at it': 'POST /nothing',
  'with another method': 'PUT /session/put',
  'with a GET': 'GET /session/get',
  'without a login': 'POST /session/put',
  'to a login from another site': 'Sec-Fetch-Site: cross-site',
  'of another type': 'Content-Type: text/plain',
}

test('a request inside the body of another is never answered, whether the body was read or not', async () => {
  await using server = await startServer()
  for (const what of Object.values(unread)) {
    const isLine = what.includes(':')
    const start = isLine ? `POST /z_security_check HTTP/1.1\r\n${what}` : `${what} HTTP/1.1`
    const length = SMUGGLED.length
    for (const [header, body] of [
      [`Content-Length: ${length}`, SMUGGLED],
      ['Transfer-Encoding: chunked', `${length.toString(16)}\r\n${SMUGGLED}\r\n0\r\n\r\n`],
    ]) {
      const { answers, closed } = await sendRaw(
        server.port,
        `${start}\r\nHost: x\r\n${header}\r\n\r\n${body}`,
        LAST_REQUEST,
      )
      expect(closed).toBe(true)
      expect(answers[0]?.status).toBeOneOf([401, 403, 404, 405, 415])
      expect(answers.slice(1).map((answer) => answer.body)).toEqual(
        answers[0]?.headers.get('connection') === 'close' ? [] : ['{"status":"ok"}'],
      )
    }
  }
})

test('a body that says no length is read no further than it may be', async () => {
  await using server = await startServer()
  const { cookie, json } = await logIn(server)
  const head = `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}Transfer-Encoding: chunked\r\n\r\n`
  const chunk = `10000\r\n${'v'.repeat(65_536)}\r\n`
  const { answers, closed } = await sendRaw(server.port, `${head}2\r\na=\r\n${chunk.repeat(16)}0\r\n\r\n`)
  expect(answers.map(({ status }) => status)).toEqual([413])
  expect(JSON.parse(answers[0]?.body ?? '').code).toBe('body_too_large')
  expect(closed).toBe(true)
  expect(await json('/session/get')).toEqual({})
})

test('a body that says it is too long is refused before it is sent', async () => {
  await using server = await startServer()
  const { cookie } = await logIn(server)
  const { answers, closed } = await sendRaw(
    server.port,
    `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}Content-Length: 1048577\r\n\r\n`,
  )
  expect(answers.map(({ status }) => status)).toEqual([413])
  expect(closed).toBe(true)
})

test('a body in chunks is stored like any other', async () => {
  await using server = await startServer()
  const { cookie, json } = await logIn(server)
  const head = `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}Transfer-Encoding: chunked\r\n\r\n`
  const { answers } = await sendRaw(
    server.port,
    `${head}3\r\na=%\r\n4\r\nC3%A\r\n1\r\n9\r\n0\r\n\r\n`,
    LAST_REQUEST,
  )
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  expect(await json('/session/get')).toEqual({ a: 'é' })
})

/** Request lines and heads that are no HTTP/1.1, or too much of it. */
const garbage: Readonly<Record<string, string>> = {
  'no request at all': 'hello\r\n\r\n',
  'a blank in the path': 'GET /session/get?key=a b HTTP/1.1\r\nHost: x\r\n\r\n',
  'a NUL in the path': 'GET /session/get\0 HTTP/1.1\r\nHost: x\r\n\r\n',
  'no host': 'GET /session/get HTTP/1.1\r\n\r\n',
  'another version': 'GET /session/get HTTP/3.0\r\nHost: x\r\n\r\n',
  'an unknown method': 'BREW /session/get HTTP/1.1\r\nHost: x\r\n\r\n',
  'a path of 20,000 bytes': `GET /session/get?key=${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`,
  'a cookie of 20,000 bytes': `GET /session/get HTTP/1.1\r\nHost: x\r\nCookie: ${'a'.repeat(20_000)}\r\n\r\n`,
  '300 headers': `GET /session/get HTTP/1.1\r\nHost: x\r\n${'X-A: a\r\n'.repeat(300)}\r\n`,
}

test('what is no HTTP is refused or hung up on, and the server goes on', async () => {
  await using server = await startServer()
  for (const bytes of Object.values(garbage)) {
    const { answers, closed } = await sendRaw(server.port, bytes)
    expect(answers.length).toBeLessThanOrEqual(1)
    expect(answers[0]?.status ?? 400).toBeOneOf([400, 431, 505])
    expect(closed).toBe(true)
    expect((await fetch(`${server.url}/healthz`)).status).toBe(200)
  }
})

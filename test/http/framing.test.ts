import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { LAST_REQUEST, type RawExchange, sendBytewise, sendRaw } from '../support/raw.ts'
import { startServer } from '../support/server.ts'
import { ambiguousChunks, ambiguousHeads, behindChunks, type Framing, unusual } from './ambiguous.ts'

/** What a smuggler wants the server to take for a request of its own. */
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n'
const FORM = 'Content-Type: application/x-www-form-urlencoded\r\n'

/** Sends a request that begins like this, once with each framing, and something behind it; what came back, by framing. */
async function answersTo(
  send: (bytes: string) => Promise<RawExchange>,
  start: string,
  framings: Readonly<Record<string, Framing>>,
) {
  const exchanges = Object.entries(framings).map(async ([says, { headers, body }]) => {
    const { answers, closed } = await send(`${start}${headers}\r\n${body}${SMUGGLED}`)
    return [says, { statuses: answers.map(({ status }) => status), closed }] as const
  })
  return Object.fromEntries(await Promise.all(exchanges))
}

/** For each framing the same. */
const each = <T>(framings: Readonly<Record<string, Framing>>, expected: T) =>
  Object.fromEntries(Object.keys(framings).map((says) => [says, expected]))

/** Where the answer closes the connection, what came in the same packet may still be answered with a 400 behind it. */
const withoutLast400 = (seen: Awaited<ReturnType<typeof answersTo>>) =>
  Object.fromEntries(
    Object.entries(seen).map(([says, { statuses, closed }]) => {
      const isRefused = statuses.length > 1 && statuses.at(-1) === 400
      return [says, { statuses: isRefused ? statuses.slice(0, -1) : statuses, closed }]
    }),
  )

const ambiguous = { ...ambiguousHeads, ...ambiguousChunks }

test('a request whose end is ambiguous is refused once, closes the connection and stores nothing', async () => {
  await using server = await startServer()
  const { cookie, json } = await logIn(server)
  const start = `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}`
  for (const send of [sendRaw, sendBytewise]) {
    const seen = await answersTo((bytes) => send(server.port, bytes), start, ambiguous)
    expect(seen).toEqual(each(ambiguous, { statuses: [400], closed: true }))
  }
  expect(await json('/session/get')).toEqual({})
})

test('nor is anything behind it answered where nobody reads the body, and the answer may go before it', async () => {
  await using server = await startServer()
  for (const [line, status] of [
    ['GET /healthz', 200],
    ['GET /session/get', 401],
    ['POST /healthz', 405],
    ['PUT /session/put', 405],
  ] as const) {
    const start = `${line} HTTP/1.1\r\nHost: x\r\n`
    for (const send of [sendRaw, sendBytewise]) {
      const answers = (framings: Readonly<Record<string, Framing>>) =>
        answersTo((bytes) => send(server.port, bytes), start, framings)
      const refused = { statuses: [400], closed: true }
      expect(await answers(ambiguousHeads)).toEqual(each(ambiguousHeads, refused))
      const late = { statuses: [status], closed: true }
      expect(withoutLast400(await answers(ambiguousChunks))).toEqual(each(ambiguousChunks, late))
    }
  }
})

test('nothing behind the last chunk of a body that is not read is answered', async () => {
  await using server = await startServer()
  const start = `POST /healthz HTTP/1.1\r\nHost: x\r\n${FORM}`
  for (const send of [sendRaw, sendBytewise]) {
    const seen = await answersTo((bytes) => send(server.port, bytes), start, behindChunks)
    expect(withoutLast400(seen)).toEqual(each(behindChunks, { statuses: [405], closed: true }))
  }
})

test('a body that is cut off is never stored as if it were whole', async () => {
  await using server = await startServer({ toml: 'log = { level = "debug" }' })
  const { cookie, json } = await logIn(server)
  const start = `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${FORM}`
  const cut = ['Content-Length: 9\r\n\r\na=b', 'Transfer-Encoding: chunked\r\n\r\n3\r\na=b\r\n']
  for (const rest of cut) expect((await sendRaw(server.port, start + rest)).answers).toEqual([])
  const hungUp = () => server.log.filter((line) => line.includes('"event":"aborted"')).length
  while (hungUp() < cut.length) await fetch(`${server.url}/healthz`)
  expect(await json('/session/get')).toEqual({})
})

test('a request that is spelled in an unusual way ends where the standard says', async () => {
  await using server = await startServer()
  for (const send of [sendRaw, sendBytewise]) {
    for (const [says, { headers, body }] of Object.entries(unusual)) {
      const { cookie, json } = await logIn(server)
      const head = `POST /session/put HTTP/1.1\r\nHost: x\r\nConnection: close\r\nCookie: ${cookie}\r\n${FORM}`
      const { answers, closed } = await send(server.port, `${head}${headers}\r\n${body}`)
      expect({ says, statuses: answers.map(({ status }) => status), closed }).toEqual({
        says,
        statuses: [200],
        closed: true,
      })
      expect(await json('/session/get')).toEqual({ a: 'b' })
    }
  }
})

test('a chunk of 4 GiB is waited for, and nothing in it is answered', async () => {
  await using server = await startServer()
  const head = `POST /healthz HTTP/1.1\r\nHost: x\r\n${FORM}Transfer-Encoding: chunked\r\n\r\n`
  const { answers } = await sendRaw(server.port, `${head}100000003\r\na=b\r\n0\r\n\r\n${SMUGGLED}`)
  expect(answers.map(({ status }) => status)).toEqual([405])
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

test('an empty line behind a body costs the answer, unless the request closes the connection', async () => {
  // A write to memory could be answered before.
  await using server = await startServer({ durable: true })
  const { cookie, json } = await logIn(server)
  const put = (value: string, header = '') =>
    `POST /session/put HTTP/1.1\r\nHost: x\r\nCookie: ${cookie}\r\n${header}${FORM}Content-Length: 3\r\n\r\na=${value}\r\n`
  // The runtime takes the empty line for a request, and closes the connection before the write is answered.
  const { answers, closed } = await sendRaw(server.port, put('1'))
  expect([answers.map(({ status }) => status), closed]).toEqual([[400], true])
  const last = await sendRaw(server.port, put('2', 'Connection: close\r\n'))
  expect([last.answers.map(({ status }) => status), last.closed]).toEqual([[200], true])
  expect(await json('/session/get')).toEqual({ a: '2' })
})

import { test } from 'bun:test'
import { cannotMeasure } from '../../reliability/server.ts'
import { openFlood, openShots } from './flood.ts'
import { withstand } from './withstand.ts'

const isSkipped = cannotMeasure !== null
const why = isSkipped ? ` (skipped: ${cannotMeasure})` : ''
const whom = 'a client that behaves is answered and everything taken is given back, amid'

const MIB = 1_048_576
const headOfPut = (type: string, headers: string) =>
  `POST /session/put HTTP/1.1\r\nHost: x\r\nContent-Type: ${type}\r\n${headers}\r\n\r\n`

const GREETING = 'GET /session/get HTTP/1.1\r\nHost: x\r\n\r\n'
const FORM = 'application/x-www-form-urlencoded'

test.skipIf(isSkipped)(`${whom} 5,000 connections that asked once and stay${why}`, () =>
  withstand({
    answers: 5_000,
    flood: (server) => openFlood(server, { connections: 5_000, opening: GREETING, step: null }),
  }),
)

test.skipIf(isSkipped)(`${whom} 300 requests whose headers come byte by byte${why}`, () => {
  const opening = 'GET /session/get HTTP/1.1\r\nX-Slow: '
  return withstand({
    answers: 0,
    flood: (server) => openFlood(server, { connections: 300, opening, step: 'a' }),
  })
})

test.skipIf(isSkipped)(
  `${whom} 300 bodies that come byte by byte and never end, half of them with a live session${why}`,
  () => {
    const headOf = (cookie: string) => headOfPut(FORM, `Cookie: ${cookie}\r\nContent-Length: 100000`)
    return withstand({
      // Those without a live session, by their heads.
      answers: 150,
      flood: (server, guest) =>
        openFlood(server, { connections: 300, opening: [headOf(guest), headOf('')], step: 'a' }),
    })
  },
)

test.skipIf(isSkipped)(`${whom} 500 requests that stop half way${why}`, () => {
  const opening = 'POST /session/put?a=1 HTTP/1.1\r\nHo'
  return withstand({
    answers: 0,
    flood: (server) => openFlood(server, { connections: 500, opening, step: null }),
  })
})

test.skipIf(isSkipped)(`${whom} 50 connections with pipelines of requests${why}`, () =>
  withstand({
    answers: 25_000,
    flood: (server) => openFlood(server, { connections: 50, opening: GREETING, step: GREETING.repeat(20) }),
  }),
)

test.skipIf(isSkipped)(`${whom} a flood of made-up cookies${why}`, () => {
  const madeUp = () =>
    Array.from({ length: 40 }, () => {
      const token = `u${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
      return `GET /session/get HTTP/1.1\r\nHost: x\r\nCookie: zsessionid=${token}\r\n\r\n`
    }).join('')
  return withstand({
    answers: 20_000,
    flood: (server) => openFlood(server, { connections: 20, opening: madeUp(), step: madeUp }),
  })
})

/** Over a connection each: a login waits, and what comes behind it on the same connection closes that. */
const guess = () => {
  const body = `z_username=user-${Math.random()}&z_password=wrong&z_csrf_protection=off`
  return (
    'POST /z_security_check HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n' +
    `Content-Type: ${FORM}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}

test.skipIf(isSkipped)(`${whom} a flood of wrong passwords from one address${why}`, () =>
  withstand({ answers: 500, flood: (server) => openShots(server, { requests: [guess], atOnce: 20 }) }),
)

test.skipIf(isSkipped)(`${whom} a flood of wrong passwords that are all looked at${why}`, () =>
  withstand({
    toml: 'login = { address-attempts = 1000000 }',
    answers: 25,
    flood: (server) => openShots(server, { requests: [guess], underway: 4 }),
  }),
)

/** Heads that are far longer than any may be. */
const heads = [
  `X-A: ${'a'.repeat(MIB)}\r\n`,
  'X-A: a\r\n'.repeat(100_000),
  `Cookie: ${'zsessionid=a; '.repeat(80_000)}\r\n`,
].map((headers) => `GET /session/get HTTP/1.1\r\nHost: x\r\n${headers}\r\n`)

test.skipIf(isSkipped)(`${whom} heads of a mebibyte${why}`, () =>
  withstand({ answers: 10, flood: (server) => openShots(server, { requests: heads }) }),
)

/** A request to put with a body, as a client with this cookie sends it. */
type Put = (cookie: string) => string

const inOne =
  (type: string, body: string): Put =>
  (cookie) =>
    headOfPut(type, `Cookie: ${cookie}\r\nContent-Length: ${body.length}`) + body
const inChunks =
  (chunks: string): Put =>
  (cookie) =>
    headOfPut(FORM, `Cookie: ${cookie}\r\nTransfer-Encoding: chunked`) + chunks

/** Each with the cookie of a live session, and without. */
const withAndWithout = (puts: readonly Put[], guest: string) => puts.flatMap((put) => [put(guest), put('')])

const tooLong = [
  inOne(FORM, 'a'.repeat(4 * MIB)),
  inChunks(`${(64 * MIB).toString(16)}\r\n${'a'.repeat(4 * MIB)}`),
  inChunks('1\r\na\r\n'.repeat(500_000)),
  inChunks(`1;${'x'.repeat(MIB)}`),
]

test.skipIf(isSkipped)(
  `${whom} bodies that are too long or never end, with a live session and without${why}`,
  () =>
    withstand({
      answers: 10,
      flood: (server, guest) => openShots(server, { requests: withAndWithout(tooLong, guest) }),
    }),
)

/** As long as they may be, and as much to take apart. */
const laborious = [
  inOne(FORM, 'a&'.repeat(MIB / 2)),
  inOne(FORM, `a=${'%41'.repeat(300_000)}`),
  inOne(FORM, Array.from({ length: 100_000 }, (_, i) => `${i}=`).join('&')),
  inOne('application/json', '['.repeat(MIB)),
  inOne('application/json', '{"a":'.repeat(200_000)),
  inOne('application/json', `{${Array.from({ length: 80_000 }, (_, i) => `"${i}":""`).join(',')}}`),
]

test.skipIf(isSkipped)(`${whom} bodies of a live session that are as much work as they can be${why}`, () =>
  withstand({
    answers: 25,
    flood: (server, guest) => openShots(server, { requests: laborious.map((put) => put(guest)) }),
  }),
)

test.skipIf(isSkipped)(`${whom} the same bodies without a session, which are not read${why}`, () =>
  withstand({
    answers: 25,
    flood: (server) => openShots(server, { requests: laborious.map((put) => put('')) }),
  }),
)

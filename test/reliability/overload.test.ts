import { expect, setDefaultTimeout, test } from 'bun:test'
import { cannotMeasure, type Observed, startObserved } from '../../reliability/server.ts'
import { ask, logIn } from '../../reliability/wire.ts'
import { type Flood, openFlood, SLACK } from './flood.ts'

setDefaultTimeout(40_000)

const why = cannotMeasure === null ? '' : ` (skipped: ${cannotMeasure})`

const GREETING = 'GET /session/get HTTP/1.1\r\nHost: x\r\n\r\n'

const MIB = 1_048_576

/** Milliseconds after which a client would think that the server is down. */
const LONGEST_ANSWER = 2_000

/** Somebody who behaves: puts and reads what was put, so many times, while something else goes on. */
async function behave(server: Observed, cookie: string, times: number, meanwhile = async () => {}) {
  const answered: number[] = []
  for (let i = 0; i < times; i++) {
    await meanwhile()
    const startedAt = performance.now()
    const put = await ask(server.url, '/session/put', cookie, { turn: String(i) })
    expect(put.status).toBe(200)
    const got = await ask(server.url, '/session/get?key=turn', cookie)
    expect(await got.json()).toEqual({ turn: String(i) })
    answered.push(performance.now() - startedAt)
  }
  expect(Math.max(...answered)).toBeLessThan(LONGEST_ANSWER)
}

/** Resolves when the server has let go of what its guests had. */
async function settled(server: Observed, before: number): Promise<void> {
  while (server.measure().descriptors > before + SLACK) await ask(server.url, '/healthz', '')
}

/** Runs a flood beside somebody who behaves, twice, and expects everything back that it took. */
async function withstand(flood: (server: Observed) => Promise<Flood>): Promise<void> {
  await using server = await startObserved({ toml: 'login = { address-attempts = 20 }' })
  const cookie = await logIn(server.url)
  await behave(server, cookie, 5)
  const { descriptors } = server.measure()
  const resident: number[] = []
  for (let round = 0; round < 3; round++) {
    const running = await flood(server)
    await behave(server, cookie, 30, running.next)
    running.end()
    await settled(server, descriptors)
    resident.push(server.measure().rss)
  }
  // The first flood makes the heap as large as floods need it; the next ones find it so.
  expect(resident[2]).toBeLessThan((resident[0] ?? 0) * 1.2 + 32 * MIB)
}

const whom = 'somebody who behaves is answered and everything taken is given back, amid'

test.skipIf(cannotMeasure !== null)(`${whom} 1,500 connections that asked once and stay${why}`, () =>
  withstand((server) => openFlood(server, { connections: 1_500, opening: GREETING, step: null })),
)

test.skipIf(cannotMeasure !== null)(`${whom} 300 requests whose headers come byte by byte${why}`, () =>
  withstand((server) =>
    openFlood(server, { connections: 300, opening: 'GET /session/get HTTP/1.1\r\nX-Slow: ', step: 'a' }),
  ),
)

test.skipIf(cannotMeasure !== null)(`${whom} 300 bodies that come byte by byte and never end${why}`, () => {
  const head =
    'POST /session/put HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100000\r\n\r\n'
  return withstand((server) => openFlood(server, { connections: 300, opening: head, step: 'a' }))
})

test.skipIf(cannotMeasure !== null)(`${whom} 500 requests that stop half way${why}`, () =>
  withstand((server) =>
    openFlood(server, { connections: 500, opening: 'POST /session/put?a=1 HTTP/1.1\r\nHo', step: null }),
  ),
)

test.skipIf(cannotMeasure !== null)(`${whom} 50 connections with pipelines of requests${why}`, () => {
  return withstand((server) =>
    openFlood(server, { connections: 50, opening: GREETING, step: GREETING.repeat(20) }),
  )
})

test.skipIf(cannotMeasure !== null)(`${whom} a flood of made-up cookies${why}`, () => {
  const madeUp = () =>
    Array.from({ length: 40 }, () => {
      const token = `u${Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString('base64url')}`
      return `GET /session/get HTTP/1.1\r\nHost: x\r\nCookie: zsessionid=${token}\r\n\r\n`
    }).join('')
  return withstand((server) => openFlood(server, { connections: 20, opening: madeUp(), step: madeUp }))
})

test.skipIf(cannotMeasure !== null)(`${whom} a flood of wrong passwords${why}`, () => {
  const guess = () => {
    const body = `z_username=user-${Math.random()}&z_password=wrong&z_csrf_protection=off`
    return (
      'POST /z_security_check HTTP/1.1\r\nHost: x\r\nAccept: application/json\r\n' +
      `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`
    )
  }
  return withstand((server) => openFlood(server, { connections: 50, opening: guess(), step: guess }))
})

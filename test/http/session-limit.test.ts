import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { METRICS, metricsText, valuesIn } from '../support/metrics.ts'
import { startServer } from '../support/server.ts'
import { attempt, cookieOf, JSON_ANSWER, RIGHT, statusOf } from './attempt.ts'

test('a login beyond the limit ends the session that was not used for longest, which the log and the metrics tell', async () => {
  await using server = await startServer({
    store: 'memory:',
    nodes: 1,
    toml: `${METRICS}[session]\nper-user = 2\n`,
  })
  const first = await logIn(server)
  const second = await logIn(server)
  server.now += 1_000
  // A use that is not written yet.
  expect(await statusOf(server, first.cookie)).toBe(200)
  const third = await logIn(server)
  expect(await Promise.all([first, second, third].map(({ cookie }) => statusOf(server, cookie)))).toEqual([
    200, 401, 200,
  ])
  const { events } = (await third.json('/admin/log/list?event=session_displaced')) as { events: object[] }
  expect(events).toEqual([expect.objectContaining({ event: 'session_displaced', uname: 'admin', ended: 1 })])
  expect(valuesIn(await metricsText(server))['cloakroom_sessions_displaced_total']).toBe(1)
  // Another user has sessions of their own.
  await third.json('/admin/users/create', { uname: 'bob', password: 'bob likes long passwords' })
  await logIn(server, { uname: 'bob', password: 'bob likes long passwords' })
  expect(await statusOf(server, first.cookie)).toBe(200)
})

test('where it is set a login beyond the limit is refused with a sentence, and one from the same browser is not', async () => {
  await using server = await startServer({
    store: 'memory:',
    nodes: 1,
    toml: '[session]\nper-user = 1\nat-limit = "refuse"\n',
  })
  const first = await attempt(server, RIGHT)
  const refused = await attempt(server, RIGHT, JSON_ANSWER)
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({
    code: 'too_many_sessions',
    detail: expect.stringContaining('logged in 1 time already'),
  })
  const page = await attempt(server, RIGHT)
  expect(page.status).toBe(403)
  expect(await page.text()).toContain('Log out somewhere else first.')
  const again = await attempt(server, RIGHT, { cookie: cookieOf(first) })
  expect(again.status).toBe(302)
  expect([await statusOf(server, cookieOf(first)), await statusOf(server, cookieOf(again))]).toEqual([
    401, 200,
  ])
})

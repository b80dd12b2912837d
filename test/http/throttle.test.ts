import { expect, test } from 'bun:test'
import { givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer, type TestServer } from '../support/server.ts'
import { attempt, JSON_ANSWER, RIGHT } from './attempt.ts'

const THREE = '[login]\nuser-attempts = 3\n'
const BEHIND_PROXY = `trusted-proxies = ["127.0.0.1", "10.0.0.0/8"]\n${THREE}`
const WRONG = { ...RIGHT, z_password: 'wrong' }

const from = (address: string) => ({ ...JSON_ANSWER, 'x-forwarded-for': address })

async function statusesOf(server: TestServer, headers: readonly Record<string, string>[]): Promise<number[]> {
  const statuses: number[] = []
  for (const each of headers) statuses.push((await attempt(server, WRONG, each)).status)
  return statuses
}

test('after so many wrong passwords none is tried for a while, not even the right one', async () => {
  await using server = await startServer({ toml: THREE })
  const four = Array.from({ length: 4 }, () => JSON_ANSWER)
  expect(await statusesOf(server, four)).toEqual([401, 401, 401, 429])
  const answer = await attempt(server, RIGHT, JSON_ANSWER)
  expect([answer.status, answer.headers.get('set-cookie')]).toEqual([429, null])
  expect(await answer.json()).toMatchObject({ status: 429, code: 'too_many_attempts' })
  const seconds = answer.headers.get('retry-after') ?? ''
  expect(seconds).toMatch(/^\d+$/)
  expect(Number(seconds)).toBeGreaterThan(0)
  expect(Number(seconds)).toBeLessThanOrEqual(5 * 60)
  const page = await attempt(server, RIGHT, { accept: 'text/html' })
  expect([page.status, page.headers.get('content-type')]).toEqual([429, 'text/html; charset=utf-8'])
  expect(page.headers.get('retry-after')).toMatch(/^\d+$/)
  expect(await page.text()).toContain('Too many attempts')
})

test('many guesses at once are no way around, and are not even hashed', async () => {
  await using server = await startServer({ toml: THREE })
  const answers = await Promise.all(Array.from({ length: 20 }, () => attempt(server, WRONG, JSON_ANSWER)))
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([401, 401, 401, ...Array<number>(17).fill(429)])
})

test('a right password begins the count anew', async () => {
  await using server = await startServer({ toml: THREE })
  const two = [JSON_ANSWER, JSON_ANSWER]
  expect(await statusesOf(server, two)).toEqual([401, 401])
  expect((await attempt(server, RIGHT, JSON_ANSWER)).status).toBe(200)
  expect(await statusesOf(server, two)).toEqual([401, 401])
  expect((await attempt(server, RIGHT, JSON_ANSWER)).status).toBe(200)
})

test('guesses from one address lock nobody out who comes from another, nor other users', async () => {
  await using server = await startServer({ toml: BEHIND_PROXY })
  const { uname, password } = await givenUser(server, 'bob')
  const guesser = from('203.0.113.7')
  expect(await statusesOf(server, Array(5).fill(guesser))).toEqual([401, 401, 401, 429, 429])
  expect((await attempt(server, RIGHT, guesser)).status).toBe(429)
  expect((await attempt(server, RIGHT, from('203.0.113.8'))).status).toBe(200)
  expect((await attempt(server, RIGHT, JSON_ANSWER)).status).toBe(200)
  expect((await attempt(server, { z_username: uname, z_password: password }, guesser)).status).toBe(200)
})

test('X-Forwarded-For of somebody who is no trusted proxy is no way around', async () => {
  await using server = await startServer({ toml: THREE })
  const headers = ['198.51.100.1', '198.51.100.2', '198.51.100.3', '198.51.100.4'].map(from)
  expect(await statusesOf(server, headers)).toEqual([401, 401, 401, 429])
})

test('what a client writes before the address that the proxy saw is no way around', async () => {
  await using server = await startServer({ toml: BEHIND_PROXY })
  const headers = ['1.1.1.1, 203.0.113.7', '203.0.113.7, 10.1.2.3', 'x, 203.0.113.7', '203.0.113.7'].map(from)
  expect(await statusesOf(server, headers)).toEqual([401, 401, 401, 429])
})

test('the addresses of one IPv6 network count as one', async () => {
  await using server = await startServer({ toml: BEHIND_PROXY })
  const headers = ['2001:db8:1:2::1', '2001:db8:1:2:3::4', '2001:0db8:0001:0002::5', '2001:db8:1:2::6'].map(
    from,
  )
  expect(await statusesOf(server, headers)).toEqual([401, 401, 401, 429])
  expect(await statusesOf(server, [from('2001:db8:1:3::1')])).toEqual([401])
})

test('guessing at many users from one address is slowed as well', async () => {
  await using server = await startServer({ toml: '[login]\naddress-attempts = 4\n' })
  const statuses: number[] = []
  for (const uname of ['a', 'b', 'c', 'd', 'e']) {
    statuses.push((await attempt(server, { z_username: uname, z_password: 'x' }, JSON_ANSWER)).status)
  }
  expect(statuses).toEqual([401, 401, 401, 401, 429])
  expect((await attempt(server, RIGHT, JSON_ANSWER)).status).toBe(429)
})

test('right logins from one address are not slowed', async () => {
  await using server = await startServer({ toml: '[login]\naddress-attempts = 4\nuser-attempts = 4\n' })
  for (let i = 0; i < 6; i++) expect((await attempt(server, RIGHT, JSON_ANSWER)).status).toBe(200)
})

test('the old password cannot be guessed faster through user/password', async () => {
  await using server = await startServer({ toml: THREE })
  const admin = await logIn(server)
  const change = async (old: string) =>
    (await admin.ask('/user/password', { old, new: 'quite a long one' })).status
  const statuses = [await change('a'), await change('b'), await change('c'), await change(ADMIN_PASSWORD)]
  expect(statuses).toEqual([403, 403, 403, 429])
  expect((await admin.ask('/session/get')).status).toBe(200)
})

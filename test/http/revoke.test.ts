import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'

const MINUTE = 60_000

const revoke = async (client: Client, fields: Record<string, string>) => {
  const answer = await client.ask('/session/revoke', fields)
  const { code, ended } = (await answer.json()) as { code?: string; ended?: number }
  return [answer.status, code ?? ended]
}

const handleOf = async (client: Client) =>
  ((await client.json('/session/info', null, { 'cloakroom-use': 'no' })) as { handle: string }).handle

test('the password is asked again from the very millisecond on that a login is not fresh any more', async () => {
  await using server = await startServer({ toml: '[session]\nfresh = "5m"\n' })
  const [one, two, three] = [await logIn(server), await logIn(server), await logIn(server)]
  const { freshUntil } = (await one.json('/session/info')) as { freshUntil: string }
  expect(Date.parse(freshUntil)).toBe(server.now + 5 * MINUTE)
  server.now += 5 * MINUTE - 1
  expect(await revoke(one, { handle: await handleOf(two) })).toEqual([200, 1])
  server.now += 1
  expect(await revoke(one, { handle: await handleOf(three) })).toEqual([403, 'password_needed'])
  expect(await revoke(one, { others: 'true' })).toEqual([403, 'password_needed'])
  expect((await three.ask('/session/get')).status).toBe(200)
  expect(await revoke(one, { others: 'true', password: 'guessed' })).toEqual([403, 'wrong_password'])
  expect((await three.ask('/session/get')).status).toBe(200)
  expect(await revoke(one, { others: 'true', password: ADMIN_PASSWORD })).toEqual([200, 1])
  expect((await three.ask('/session/get')).status).toBe(401)
})

test('the own session ends without the password, and naming it is no way around for others', async () => {
  await using server = await startServer()
  const [one, other] = [await logIn(server), await logIn(server)]
  server.now += 20 * MINUTE
  const handle = await handleOf(one)
  expect(await revoke(one, { others: 'true', handle })).toEqual([400, 'invalid_parameter'])
  expect((await other.ask('/session/get')).status).toBe(200)
  expect(await revoke(one, { handle })).toEqual([200, 1])
  expect((await one.ask('/session/get')).status).toBe(401)
})

test('a password that is given is checked even where none is needed, and guessing it is slowed', async () => {
  await using server = await startServer({ toml: '[login]\nuser-attempts = 3\n' })
  const alice = await givenUser(server, 'alice')
  const [one, other] = [await logIn(server, alice), await logIn(server, alice)]
  for (let guess = 0; guess < 3; guess++)
    expect(await revoke(one, { others: 'true', password: `guess ${guess}` })).toEqual([403, 'wrong_password'])
  expect(await revoke(one, { others: 'true', password: alice.password })).toEqual([429, 'too_many_attempts'])
  expect((await other.ask('/session/get')).status).toBe(200)
  expect(server.log.filter((line) => line.includes('"password_refused"'))).toHaveLength(4)
  expect(server.log.join()).not.toContain('guess 1')
})

test('a password in the URL is refused', async () => {
  await using server = await startServer()
  const client = await logIn(server)
  const answer = await client.ask(`/session/revoke?others=true&password=x`, '')
  expect([answer.status, await answer.json()]).toMatchObject([400, { code: 'invalid_parameter' }])
})

for (const path of ['/session/info', '/session/get', '/session/get?key=a&key=CSRFToken'])
  test(`a request to ${path} that says that it is no use does not keep the session alive, and is answered like any other`, async () => {
    await using server = await startServer({ toml: '[session]\nidle = "30m"\n' })
    const client = await logIn(server)
    const ask = (headers: Record<string, string>) => client.ask(path, null, headers)
    server.now += 29 * MINUTE
    expect((await ask({ 'cloakroom-use': 'no' })).status).toBe(200)
    server.now += MINUTE - 1
    expect((await ask({})).status).toBe(200)
    server.now += 29 * MINUTE
    expect((await ask({ 'cloakroom-use': 'no' })).status).toBe(200)
    server.now += MINUTE
    expect((await ask({})).status).toBe(401)
  })

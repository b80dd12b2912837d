import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

test('what was put comes back, and only what was named is deleted', async () => {
  await using server = await startServer()
  const alice = await logIn(server)
  expect(await alice.json('/session/put', { myvar1: 'hello', myvar2: 'world' })).toEqual({})
  expect(await alice.json('/session/get?key=myvar1&key=nothing')).toEqual({ myvar1: 'hello' })
  expect(await alice.json('/session/delete', { key: 'myvar1' })).toEqual({})
  expect(await alice.json('/session/get')).toEqual({ myvar2: 'world' })
})

test('a session is gone from the very millisecond in which it ends', async () => {
  await using server = await startServer()
  const alice = await logIn(server)
  server.now += 30 * 60_000 - 1
  expect((await alice.ask('/session/get')).status).toBe(200)
  server.now += 30 * 60_000
  expect((await alice.ask('/session/get')).status).toBe(401)
})

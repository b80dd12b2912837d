import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { idOf } from '../../src/session/token.ts'
import { openSqliteStore } from '../../src/store/sqlite/open.ts'
import { roomy } from '../store/given.ts'
import { type Client, logIn } from '../support/client.ts'
import { startServer, type TestServer } from '../support/server.ts'

const FILE = { store: 'sqlite' }

/** Puts attributes into the store of a server, as an application or an earlier version did. */
async function putBeside(server: TestServer, { cookie }: Client, attributes: Record<string, string>) {
  const id = idOf(cookie.split('=')[1] ?? '')
  const store = await openSqliteStore(join(server.data, 'cloakroom.db'), { alone: false, create: false })
  try {
    const bounds = { ...roomy, maxAttributes: 100, maxBytes: 100_000 }
    await store.putAttributes(id, new Map(Object.entries(attributes)), bounds, {
      now: server.now,
      version: null,
    })
    return async () => Object.fromEntries((await read(server, id)) ?? [])
  } finally {
    await store.close()
  }
}

async function read(server: TestServer, id: string) {
  const store = await openSqliteStore(join(server.data, 'cloakroom.db'), { alone: false, create: false })
  try {
    return (await store.readSession(id, 'all', server.now))?.attributes
  } finally {
    await store.close()
  }
}

test('a user neither sees nor changes the attributes of applications, and they are not lost', async () => {
  await using server = await startServer(FILE)
  const client = await logIn(server)
  await client.json('/session/put', { a: '1', b: '2' })
  const stored = await putBeside(server, client, { '@': 'x', '@role': 'admin', c: '3' })
  expect(await client.json('/session/get')).toEqual({ a: '1', b: '2', c: '3' })
  expect(await client.json('/session/get?key=@role&key=a&key=%40')).toEqual({ a: '1' })
  expect(await client.json('/session/get?key=@role')).toEqual({})
  for (const body of ['@role=user', 'a=9&@new=1'])
    expect((await client.ask('/session/put', body)).status).toBe(400)
  await client.json('/session/delete', 'key=@role&key=b')
  expect(await stored()).toEqual({ '@': 'x', '@role': 'admin', a: '1', c: '3' })
  const { headers } = await client.ask('/session/get')
  await client.json('/session/delete', '', { 'if-match': headers.get('etag') ?? '' })
  expect(await client.json('/session/get')).toEqual({})
  expect(await stored()).toEqual({ '@': 'x', '@role': 'admin' })
})

test('an empty key names no attribute, and never all', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  const stays = { a: '1', b: '2' }
  await client.json('/session/put', stays)
  const JSON_TYPE = { 'content-type': 'application/json' }
  for (const body of ['key=', 'key', 'key=&key=', 'z_username=&key=']) {
    expect(await client.json('/session/get', body)).toEqual({})
    expect(await client.json(`/session/get?${body}`)).toEqual({})
    expect(await client.json('/session/delete', body)).toEqual({})
  }
  for (const body of ['{"key":""}', '{"key":["",""]}']) {
    expect(await client.json('/session/get', body, JSON_TYPE)).toEqual({})
    expect(await client.json('/session/delete', body, JSON_TYPE)).toEqual({})
  }
  expect(await client.json('/session/get')).toEqual(stays)
  expect(await client.json('/session/get?key=&key=a')).toEqual({ a: '1' })
  await client.json('/session/delete', 'key=&key=a')
  expect(await client.json('/session/get')).toEqual({ b: '2' })
})

test('the parameters of the login are stored by no put, and hurt no other call', async () => {
  await using server = await startServer({ store: 'memory:' })
  const client = await logIn(server)
  const login = 'z_username=admin&z_password=a+secret&z_csrf_protection=off'
  expect(await client.json('/session/put', `${login}&a=1&z_other=2`)).toEqual({})
  expect(await client.json(`/session/put?${login}`, 'b=3')).toEqual({})
  expect(await client.json('/session/get', login)).toEqual({ a: '1', b: '3', z_other: '2' })
  expect(await client.json('/session/get', `${login}&key=a`)).toEqual({ a: '1' })
  await client.json('/session/delete', `${login}&key=a`)
  for (const path of ['/session/list', '/admin/users/list', '/session/info'])
    expect((await client.ask(path, login)).status).toBe(200)
  expect((await client.ask('/session/put', login)).status).toBe(400)
})

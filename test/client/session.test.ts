import { expect, test } from 'bun:test'
import { Cloakroom } from '../../src/client/cloakroom.js'
import { visit } from '../console/world.ts'
import { describeWithBrowser } from '../support/browser.ts'
import { startProxy } from '../support/proxy.ts'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { runByNode } from './program.ts'

const codeOf = (call: Promise<unknown>) =>
  call.then(
    () => 'done',
    (error: { code?: string }) => error.code,
  )

test('a slash at the end of the url is no part of any path, and what is no url of a server is refused', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cloakroom = new Cloakroom({ url: `${server.url}//` })
  await cloakroom.logIn('admin', ADMIN_PASSWORD)
  expect((await cloakroom.info()).uname).toBe('admin')
  for (const url of [
    'localhost:8080',
    'ftp://host',
    'http://user:pass@host',
    'http://host/?a',
    'http://host/#a',
    'host',
  ])
    expect(() => new Cloakroom({ url })).toThrow('url of the server')
  await expect(new Cloakroom().get()).rejects.toThrow('needs the url')
  await expect(new Cloakroom().events().next()).rejects.toThrow('needs the url')
})

test('a write with the ETag of a read succeeds once', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cloakroom = new Cloakroom({ url: server.url })
  await cloakroom.logIn('admin', ADMIN_PASSWORD)
  const { etag: first } = await cloakroom.put({ views: '1' })
  const { attributes, etag } = await cloakroom.read('views')
  expect([attributes, etag]).toEqual([{ views: '1' }, first])
  const { etag: second } = await cloakroom.put({ views: '2' }, { ifMatch: etag })
  expect(await codeOf(cloakroom.put({ views: '3' }, { ifMatch: etag }))).toBe('changed_meanwhile')
  expect(await codeOf(cloakroom.delete('views', { ifMatch: etag }))).toBe('changed_meanwhile')
  expect(await codeOf(cloakroom.clear({ ifMatch: etag }))).toBe('changed_meanwhile')
  const { etag: third } = await cloakroom.delete([], { ifMatch: second })
  expect(await cloakroom.get()).toEqual({ views: '2' })
  expect(await cloakroom.read([])).toEqual({ attributes: {}, etag: third })
  await cloakroom.put({ other: '1' })
  await cloakroom.delete(['views', 'none'])
  expect(await cloakroom.get()).toEqual({ other: '1' })
  await cloakroom.clear()
  expect(await cloakroom.get()).toEqual({})
})

test('a back end acts for the session of a browser by its cookie, and hands on that of a login', async () => {
  await using server = await startServer({ store: 'memory:' })
  const browser = new Cloakroom({ url: server.url })
  const { setCookie } = await browser.logIn('admin', ADMIN_PASSWORD)
  expect(setCookie.find((line) => line.startsWith('zsessionid='))).toContain('HttpOnly')
  const backEnd = new Cloakroom({ url: server.url, cookie: `theme=dark; ${browser.cookie}; a=b=c` })
  await backEnd.put({ cart: '3' })
  expect(await browser.get()).toEqual({ cart: '3' })
  expect(await backEnd.info()).toEqual(await browser.info())
  expect(backEnd.cookie).toBe(`theme=dark; ${browser.cookie}; a=b=c`)
  await backEnd.invalidate()
  expect(backEnd.cookie).toBe('theme=dark; a=b=c')
  expect(await codeOf(browser.get())).toBe('not_logged_in')
})

test('a server that answers older programs with its login page tells the client what is wrong', async () => {
  await using server = await startServer({ store: 'memory:', toml: 'compat = "mmonit"\n' })
  const cloakroom = new Cloakroom({ url: server.url })
  expect(await codeOf(cloakroom.get())).toBe('not_logged_in')
  expect(await codeOf(cloakroom.events().next())).toBe('not_logged_in')
  expect(await codeOf(cloakroom.users({}))).toBe('not_logged_in')
  await cloakroom.logIn('admin', ADMIN_PASSWORD)
  expect((await cloakroom.info()).uname).toBe('admin')
})

test('a program logs in without CSRF protection, and sends no token then', async () => {
  await using server = await startServer({ store: 'memory:' })
  const cloakroom = new Cloakroom({ url: server.url })
  await cloakroom.logIn('admin', ADMIN_PASSWORD, { csrfProtection: false })
  expect((await cloakroom.info()).csrfProtection).toBe(false)
  await cloakroom.put({ a: '1' })
  await cloakroom.logIn('admin', ADMIN_PASSWORD)
  expect((await cloakroom.info()).csrfProtection).toBe(true)
  await cloakroom.put({ a: '1' })
})

test('events go on over a lost connection, with what was missed, until the session ends', async () => {
  await using server = await startServer({ store: 'memory:' })
  await using network = startProxy(server.port)
  const writer = new Cloakroom({ url: server.url })
  await writer.logIn('admin', ADMIN_PASSWORD)
  const reader = new Cloakroom({ url: `http://127.0.0.1:${network.port}`, cookie: writer.cookie })
  const states: unknown[] = []
  const opened = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const events = reader.events({
    onState(state, problem) {
      if (state === 'open') opened[states.length === 0 ? 0 : 1]?.resolve()
      states.push(problem === undefined ? state : [state, problem.code])
    },
  })
  const first = events.next()
  await opened[0]?.promise
  const { etag } = await writer.put({ a: '1' })
  expect((await first).value).toEqual({ kind: 'put', keys: ['a'], etag })
  const missed = events.next()
  network.cut()
  await writer.put({ b: '2' })
  expect((await missed).value).toEqual({ kind: 'missed' })
  await opened[1]?.promise
  const deleted = events.next()
  await writer.clear()
  expect((await deleted).value).toMatchObject({ kind: 'delete', keys: 'all' })
  const end = events.next()
  await writer.invalidate()
  expect((await end).value).toEqual({ kind: 'end', reason: 'logout' })
  expect(await events.next()).toEqual({ value: undefined, done: true })
  expect(states).toEqual(['open', ['lost', 'unreachable'], 'open'])
  expect(await codeOf(reader.events().next())).toBe('not_logged_in')
})

test('in Node events come with their values, and stop when they are told to', async () => {
  await using server = await startServer({ store: 'memory:' })
  const program = `
const { URL_OF_SERVER: url, PASSWORD: password } = process.env
const cloakroom = new Cloakroom({ url })
await cloakroom.logIn('admin', password)
const stop = new AbortController()
const told = []
const options = { values: true, signal: stop.signal, onState: (state) => state === 'open' && cloakroom.put({ a: 'x\\ny' }) }
for await (const event of cloakroom.events(options)) {
  told.push(event.attributes)
  setTimeout(() => stop.abort())
}
for await (const event of cloakroom.events({ onState: () => cloakroom.put({ b: '' }) })) {
  told.push(event.keys)
  break
}
console.log(JSON.stringify(told))`
  expect(await runByNode(program, { URL_OF_SERVER: server.url, PASSWORD: ADMIN_PASSWORD })).toEqual([
    { a: 'x\ny' },
    ['b'],
  ])
})

test('what a proxy answers in place of events is waited for, and is no event', async () => {
  let asked = 0
  using impostor = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: ({ headers }) => {
      asked += 1
      if (asked === 1)
        return new Response('<h1>Bad gateway</h1>', { status: 502, headers: { 'Retry-After': '0.01' } })
      if (asked === 2) return new Response('<p>Welcome</p>', { headers: { 'Content-Type': 'text/html' } })
      if (asked === 3)
        return new Response(
          '\ufeffretry: 1\r\nid: h.1\r\n\r\n: beat\r\n\r\nevent: new\ndata: {}\n\nevent: put\ndata: {"ke',
          {
            headers: { 'Content-Type': 'text/event-stream' },
          },
        )
      return new Response(
        `id: h.2\revent: put\rdata: {"keys":["${headers.get('last-event-id')}"]}\r\revent: delete\ndata: no JSON\n\nevent: end\ndata: {"reason":"expired"}\n\n`,
        {
          headers: { 'Content-Type': 'text/event-stream' },
        },
      )
    },
  })
  const told = []
  for await (const event of new Cloakroom({ url: `${impostor.url}` }).events({ retry: 1 })) told.push(event)
  expect(told).toEqual([
    { kind: 'put', keys: ['h.1'], etag: '"h.2"' },
    { kind: 'missed' },
    { kind: 'end', reason: 'expired' },
  ])
  expect(asked).toBe(4)
})

describeWithBrowser('in a page', (open) => {
  test('events come as in Node', async () => {
    await using server = await startServer({ store: 'memory:' })
    await using context = await open({ bypassCSP: true })
    const page = await visit(context, server, '/password')
    const built = await Bun.build({
      entrypoints: [`${import.meta.dir}/../../src/client/cloakroom.js`],
      target: 'browser',
    })
    const client = (await built.outputs[0]?.text())?.replace(/export \{[^}]*\};?/, '') ?? ''
    const told = await page.evaluate(`(async () => { ${client}
      const cloakroom = new Cloakroom()
      for await (const event of cloakroom.events({ values: true, onState: () => cloakroom.put({ a: '1' }) })) return event.attributes
    })()`)
    expect(told).toEqual({ a: '1' })
  })
})

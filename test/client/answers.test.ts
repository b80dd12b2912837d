import { expect, test } from 'bun:test'
import type { Socket } from 'bun'
import { describeWithBrowser } from '../support/browser.ts'
import { runByNode } from './program.ts'

const answer = (status: string, type: string, body: string) =>
  `HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\nContent-Length: ${body.length}\r\n\r\n${body}`

const JSON_TYPE = 'application/json'

/** What may come in place of an answer of the server, by the first part of the path that asks for it. */
const ANSWERS = {
  html: answer('200 OK', 'text/html', '<html>Log in to the hotel</html>'),
  empty: answer('200 OK', JSON_TYPE, ''),
  none: 'HTTP/1.1 204 No Content\r\n\r\n',
  cut: 'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":"1"}',
  'cut-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{"a":"1"}\r\n',
  'cut-without-length': 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n{"a":"1"',
  null: answer('200 OK', JSON_TYPE, 'null'),
  list: answer('200 OK', JSON_TYPE, '[]'),
  text: answer('200 OK', JSON_TYPE, '"ok"'),
  'null-500': answer('500 Internal Server Error', JSON_TYPE, 'null'),
  'list-500': answer('500 Internal Server Error', JSON_TYPE, '[]'),
  proxy: answer('502 Bad Gateway', 'text/html', '<h1>502 Bad Gateway</h1>'),
  gateway: answer('504 Gateway Timeout', JSON_TYPE, '{"code":504,"detail":"upstream"}'),
  function: answer('503 Service Unavailable', JSON_TYPE, '{"message":"Forbidden"}'),
  page: answer('404 Not Found', 'text/html', 'no such page'),
  redirect: 'HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n',
  other: answer('418 Teapot', 'text/plain', ''),
} as const

/** These come slower than anybody waits. */
const SLOW = ['silent', 'stalls'] as const

const statusOf = (name: keyof typeof ANSWERS) => Number(ANSWERS[name].slice(9, 12))

/** Answers by the first part of the path. Pages of it may ask it from a browser. */
function startImpostor() {
  return Bun.listen<undefined>({
    hostname: '127.0.0.1',
    port: 0,
    socket: {
      data(socket: Socket<undefined>, bytes) {
        const [, name = ''] = /^\w+ \/([^/ ]*)/.exec(bytes.toString()) ?? []
        if (name === 'silent') return
        if (name === 'stalls') {
          socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"a"')
          return
        }
        socket.write(ANSWERS[name as keyof typeof ANSWERS] ?? answer('200 OK', 'text/html', '<p>page</p>'))
        socket.end()
      },
    },
  })
}

/** Asks in every way; each has to be a problem of the same kind. The same text runs in Node and in a browser. */
const ASK_ALL = `
async function askAll(base, names) {
  const told = {}
  for (const name of names) {
    const cloakroom = new Cloakroom({ url: base + '/' + name, csrfToken: 'x', timeout: ${JSON.stringify(SLOW)}.includes(name) ? 400 : 60_000 })
    const calls = [
      () => cloakroom.get(), () => cloakroom.put({ a: '1' }), () => cloakroom.delete('a'), () => cloakroom.info(),
      () => cloakroom.sessions(), () => cloakroom.logIn('a', 'b'), () => cloakroom.users({}),
    ]
    const problems = await Promise.all(calls.map((call) => call().then(() => 'done', (error) => error)))
    told[name] = [...new Set(problems.map((each) => !(each instanceof Problem) ? 'no problem: ' + each
      : [each.code, each.status, each.cause instanceof Error, /request id/i.test(each.message), each.requestId].join(' ')))]
  }
  return told
}`

const NAMES = [...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]), ...SLOW]

/** `unreachable`, a status, a cause, and nothing of a request id that is not there. */
const expected = (statuses: (name: keyof typeof ANSWERS) => number) =>
  Object.fromEntries([
    ...(Object.keys(ANSWERS) as (keyof typeof ANSWERS)[]).map((name) => [
      name,
      [`unreachable ${statuses(name)} true false `],
    ]),
    ...SLOW.map((name) => [name, ['unreachable 0 true false ']]),
  ])

test('whatever is no whole answer of the server is a problem, in Node', async () => {
  using impostor = startImpostor()
  const program = `${ASK_ALL}
console.log(JSON.stringify(await askAll(process.env.BASE, ${JSON.stringify(NAMES)})))`
  expect(await runByNode(program, { BASE: `http://127.0.0.1:${impostor.port}` })).toEqual(expected(statusOf))
})

test('an answer of the server to another call is no answer, and a problem keeps what the server says of it', async () => {
  using server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    fetch: (request) => {
      const { pathname } = new URL(request.url)
      if (pathname === '/session/get') return Response.json({ a: 1 })
      if (pathname === '/session/put')
        return Response.json(
          { code: 'store_unavailable', detail: 'Away.', requestId: 'abc' },
          { status: 503, headers: { 'Retry-After': '7' } },
        )
      return Response.json({})
    },
  })
  const { Cloakroom, Problem } = await import('../../src/client/cloakroom.js')
  const cloakroom = new Cloakroom({ url: `${server.url}`, csrfToken: 'x' })
  for (const call of [
    () => cloakroom.get(),
    () => cloakroom.info(),
    () => cloakroom.sessionsPage({}),
    () => cloakroom.user('a'),
    () => cloakroom.users({}),
    () => cloakroom.log({}),
    () => cloakroom.overview(),
    () => cloakroom.countSessions({}),
    () => cloakroom.changePassword('a', 'b'),
    () => cloakroom.updateUser('a', {}),
    () => cloakroom.deleteUser('a'),
    () => cloakroom.revokeAny({ all: true }),
  ]) {
    const problem = await call().then(
      () => null,
      (error: unknown) => error,
    )
    expect(problem).toBeInstanceOf(Problem)
    expect(problem).toMatchObject({ code: 'unreachable', status: 200 })
  }
  const problem = await cloakroom.put({ a: '1' }).catch((error: unknown) => error)
  expect(problem).toMatchObject({
    code: 'store_unavailable',
    message: 'Away.',
    status: 503,
    retryAfter: 7,
    requestId: 'abc',
  })
})

describeWithBrowser('in a browser', (open) => {
  test('whatever is no whole answer of the server is a problem too', async () => {
    using impostor = startImpostor()
    const built = await Bun.build({
      entrypoints: [`${import.meta.dir}/../../src/client/cloakroom.js`],
      target: 'browser',
    })
    const client = (await built.outputs[0]?.text())?.replace(/export \{[^}]*\};?/, '') ?? ''
    await using context = await open()
    const page = await context.newPage()
    const base = `http://127.0.0.1:${impostor.port}`
    await page.goto(`${base}/`)
    const told = await page.evaluate(
      `(async () => { ${client}\n${ASK_ALL}\nreturn askAll('${base}', ${JSON.stringify(NAMES)}) })()`,
    )
    // A browser tells a page nothing of a redirect, and takes a body without a length for whole when the connection ends.
    expect(told).toEqual(expected((name) => (name === 'redirect' ? 0 : statusOf(name))))
  })
})

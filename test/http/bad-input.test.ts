import { expect, test } from 'bun:test'
import { type Client, givenUser, logIn } from '../support/client.ts'
import { LAST_REQUEST, type RawAnswer, sendRaw } from '../support/raw.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { pages, revocations, users } from './bad-admin.ts'
import {
  conditions,
  cookies,
  logins,
  methods,
  nobody,
  ownCalls,
  paths,
  senders,
  types,
  unreadableLogins,
} from './bad-calls.ts'
import { type BadRequest, bytesOf } from './bad-request.ts'
import { notStrings, notText, tooMuch } from './bad-values.ts'

/** Those that could change the most come last. */
const tables: Readonly<Record<string, readonly BadRequest[]>> = {
  'what is no text': notText,
  'JSON that is no object of strings': notStrings,
  'more than there may be': tooMuch,
  'another method': methods,
  'a path at which there is nothing': paths,
  'a body of another type': types,
  'a request that should not have come from there': senders,
  'a cookie that is none of ours': cookies,
  'a call without a login': nobody,
  'a condition that the session does not meet': conditions,
  'a login that cannot be one': logins,
  'a login that cannot be read': unreadableLogins,
  'a wrong call of a user': ownCalls,
  'a page that is none': pages,
  'a wrong call for users': users,
  'a wrong call for sessions': revocations,
}

const all = Object.entries(tables).flatMap(([what, requests]) =>
  requests.map((request) => [what, request] as const),
)

test('every bad request is refused with its own code, changes nothing and leaves the server at work', async () => {
  await using server = await startServer()
  const clients = await givenClients(server)
  const before = await stateOf(clients)
  const wrong: string[] = []
  for (const [what, request] of all) {
    const complaint = complaintOf(request, await exchange(server, request, clients))
    if (complaint !== null) wrong.push(`${what}: ${request.says}: ${complaint}`)
    const after = await stateOf(clients)
    if (Bun.deepEquals(after, before)) continue
    wrong.push(`${what}: ${request.says}: changed ${JSON.stringify(after)}`)
    break
  }
  expect(wrong).toEqual([])
  expect(server.log.filter((line) => line.includes('"fault"'))).toEqual([])
  expect(all.length).toBeGreaterThan(300)
})

interface Clients {
  readonly admin: Client
  readonly user: Client
}

async function givenClients(server: TestServer): Promise<Clients> {
  const user = await logIn(server, { ...(await givenUser(server, 'user')), csrf: true })
  const admin = await logIn(server)
  for (const client of [user, admin]) await client.json('/session/put', { kept: 'äß', ['__proto__']: 'x' })
  return { admin, user }
}

/** What the sessions hold, at which version, which others there are, and who can log in. */
async function stateOf({ admin, user }: Clients): Promise<unknown> {
  const reads = [admin, user].map(async (client) => {
    const answer = await client.ask('/session/get')
    return [answer.status, answer.headers.get('etag'), await answer.text()]
  })
  const lists = ['/admin/users/list', '/admin/sessions/list'].map(async (path) =>
    (await admin.ask(path)).json(),
  )
  return [await Promise.all(reads), await Promise.all(lists)]
}

/** Sends the request and, on the same connection, one that is good: the answers to both. */
async function exchange(
  server: TestServer,
  request: BadRequest,
  clients: Clients,
): Promise<readonly RawAnswer[]> {
  const { as = 'admin' } = request
  const cookie = as === 'nobody' ? null : clients[as].cookie
  const { answers } = await sendRaw(server.port, bytesOf(request, cookie, null), LAST_REQUEST)
  return answers
}

/** What is wrong with the answers, or null. A connection that was announced to close need not answer the good request. */
function complaintOf({ status, code }: BadRequest, [answer, next, ...more]: readonly RawAnswer[]) {
  if (answer === undefined) return 'there was no answer'
  if (answer.status !== status) return `${answer.status}, not ${status}: ${answer.body.slice(0, 200)}`
  if (code !== null && complaintOfProblem(answer, code) !== null) return complaintOfProblem(answer, code)
  if (answer.headers.get('connection') === 'close') return null
  if (next?.status !== 200 || next.body !== '{"status":"ok"}') return `then ${JSON.stringify(next)}`
  return more.length === 0 ? null : `${more.length} more answers`
}

function complaintOfProblem({ status, headers, body }: RawAnswer, code: string): string | null {
  if (headers.get('content-type') !== 'application/problem+json') return 'it is no problem'
  const problem = JSON.parse(body)
  const isRight =
    problem.code === code &&
    problem.status === status &&
    problem.type === `urn:cloakroom:problem:${code}` &&
    problem.title.length > 3 &&
    problem.detail.length > 10 &&
    headers.get('cache-control') === 'no-store'
  return isRight ? null : `not ${code}: ${body}`
}

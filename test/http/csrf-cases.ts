import type { Client } from '../support/client.ts'
import type { TestServer } from '../support/server.ts'

const methods = ['GET', 'POST'] as const
const sites = [null, 'none', 'same-origin', 'same-site', 'cross-site'] as const
const origins = [null, 'own', 'https://evil.example', 'null'] as const
const carriers = ['CSRFToken', 'X-CSRF-Token', 'query', 'form', 'json', 'wrong', 'missing'] as const
const calls = {
  put: '/session/put',
  get: '/session/get',
  delete: '/session/delete',
  invalidate: '/session/invalidate',
  logout: '/login/logout.csp',
} as const

export type Call = keyof typeof calls

/** One request of the table: what it does, where its token is, and what a browser says of its origin. */
export interface Case {
  readonly isProtected: boolean
  readonly method: (typeof methods)[number]
  readonly call: Call
  readonly carrier: (typeof carriers)[number]
  /** `Sec-Fetch-Site`. */
  readonly site: (typeof sites)[number]
  readonly origin: (typeof origins)[number]
}

const senders = sites.flatMap((site) => origins.map((origin) => ({ site, origin })))

/** Where `Sec-Fetch-Site` is there, `Origin` changes nothing: that it does not is tried out with one call. */
const sendersOf = (call: Call) =>
  call === 'put'
    ? senders
    : senders.filter(({ site, origin }) => site === null || origin?.startsWith('https') === true)

/** The cases of a call, in groups that differ in their sender alone. */
export const groupsOf = (isProtected: boolean, call: Call): readonly (readonly Case[])[] =>
  methods.flatMap((method) =>
    carriers
      .filter((carrier) => canCarry(isProtected, call, method, carrier))
      .map((carrier) => sendersOf(call).map((sender) => ({ isProtected, method, call, carrier, ...sender }))),
  )

/** A GET has no body. Where there is no token, a parameter of its name would be an attribute, and is reserved. */
function canCarry(isProtected: boolean, call: Call, method: Case['method'], carrier: Case['carrier']) {
  if (method === 'GET' && (carrier === 'form' || carrier === 'json')) return false
  return isProtected || call !== 'put' || !['query', 'form', 'json'].includes(carrier)
}

/** Section 3 of the contract: the status and code of a case that is refused, `page` where a page asks first, or null. */
export function refusalOf({ isProtected, method, call, carrier, site, origin }: Case): string | null {
  const isForeign =
    site === 'cross-site' ||
    (site !== 'same-origin' && site !== 'none' && origin !== null && origin !== 'own')
  if (call === 'logout' && method === 'GET' && (isForeign || site === 'same-site')) return 'page'
  if (isForeign) return '403 cross_site'
  if (!isProtected || (carrier !== 'wrong' && carrier !== 'missing')) return null
  if (method === 'POST') return '403 csrf_failed'
  return call === 'get' || call === 'logout' || site === 'same-origin' ? null : '403 csrf_failed'
}

/** Sends what the case says, with one parameter besides the token: the status and code of a refusal, `page`, or null. */
export async function send(
  server: TestServer,
  client: Client,
  each: Case,
  param: readonly [string, string],
): Promise<string | null> {
  const token = client.csrfToken ?? 'whatever it is'
  const query = new URLSearchParams(each.carrier === 'query' ? { CSRFToken: token } : {})
  if (each.method === 'GET') query.set(...(param as [string, string]))
  const answer = await fetch(`${server.url}${calls[each.call]}?${query}`, {
    method: each.method,
    redirect: 'manual',
    ...(each.method === 'GET' ? {} : { body: bodyOf(each, token, param) }),
    headers: { cookie: client.cookie, ...headersOf(each, token, server.url) },
  })
  const text = await answer.text()
  if (answer.headers.get('content-type')?.startsWith('text/html')) return 'page'
  return answer.status < 400 ? null : `${answer.status} ${JSON.parse(text).code}`
}

function bodyOf({ carrier }: Case, token: string, [key, value]: readonly [string, string]): string {
  if (carrier === 'json') return JSON.stringify({ [key]: value, CSRFToken: token })
  return String(new URLSearchParams({ [key]: value, ...(carrier === 'form' ? { CSRFToken: token } : {}) }))
}

function headersOf({ method, carrier, site, origin }: Case, token: string, url: string) {
  const headers: Record<string, string> = {}
  if (method === 'POST')
    headers['content-type'] = carrier === 'json' ? 'application/json' : 'application/x-www-form-urlencoded'
  if (carrier === 'CSRFToken' || carrier === 'X-CSRF-Token') headers[carrier] = token
  if (carrier === 'wrong') headers['CSRFToken'] = 'A'.repeat(43)
  if (site !== null) headers['sec-fetch-site'] = site
  if (origin !== null) headers['origin'] = origin === 'own' ? url : origin
  return headers
}

import type { Server } from 'bun'
import { Refusal, StoreFault } from '../errors.ts'
import { LISTENING, requireListening } from '../listen.ts'
import { numberOf } from '../metrics/meter.ts'
import type { App } from './app.ts'
import { Ask } from './ask.ts'
import type { Endpoint } from './endpoint.ts'
import { API_HEADERS, complete } from './headers.ts'
import { getsLoginPage, loginInPlace } from './mmonit.ts'
import { lackIn } from './not-logged-in.ts'
import { type Problem, problemHeaders, problemResponse, statusOf } from './problem.ts'
import { isApiPath } from './return.ts'
import { routes } from './routes.ts'
import { named } from './session.ts'
import { troublePage } from './trouble.ts'

/** Seconds after which a connection without a request, or with one that has not come in whole, is closed. */
const IDLE_TIMEOUT = 60

/** Seconds after which it is worth asking again a store that was away. */
const STORE_RETRY = 1

/** Starts to answer. Throws a `SetupError` if the address cannot be listened on. */
export function startHttp(app: App, hostname: string, port: number): Server<undefined> {
  return requireListening({ hostname, port }, LISTENING, () =>
    Bun.serve({
      hostname,
      port,
      idleTimeout: IDLE_TIMEOUT,
      // Else Bun goes by NODE_ENV, and where that is not set takes us for somebody who writes a program and wants to see its insides.
      development: false,
      // Else, where it is no development, a second server would get half of the requests instead of a refusal.
      reusePort: false,
      // Ours answers with a sentence; this one only hangs up. It comes into play where a body has no length of its own.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      // Bun compares paths as they are sent. The URL that it makes of one has `/./`, `/../` and `\` resolved, so that a rule of a proxy
      // for a path could be got around by another spelling of it.
      routes: Object.fromEntries([...routes].map(([path, route]) => [path, answering(route, app)])),
      fetch: answering(undefined, app),
      error: () => new Response(null, { status: 500, headers: API_HEADERS }),
    }),
  )
}

/**
 * Where the store reads at once, the client cannot hang up before a GET of it can fail: it waits for nothing but, now and then, for a
 * use to be written, and a failure of that is logged by whoever writes uses.
 */
const READ = numberOf('read')

/** What requests count as that have no path of ours. */
const OTHER = numberOf('other')

/** Health checks may ask by any name: load balancers use addresses, and the answer says nothing else. */
const HEALTH = numberOf('health')

const answering =
  (route: Endpoint | undefined, app: App) =>
  (request: Request, server: Server<undefined>): Promise<Response> =>
    answer(new Ask(request, server, app), app, route)

async function answer(ask: Ask, app: App, route: Endpoint | undefined): Promise<Response> {
  if (route?.call !== READ || ask.method !== 'GET' || !app.readsAtOnce) ask.keepPeer()
  let response: Response
  try {
    app.proxies.requireTrusted(ask)
    app.proxies.look(ask)
    if (route?.call !== HEALTH) requireHost(ask, app)
    if (saysLengthTwice(ask)) throw new Refusal('malformed_request', 'Say the length of the body once.')
    response = await requireRoute(route, ask).respond(ask, app)
  } catch (error) {
    response = await declined(error, route, ask, app)
  }
  if (ask.leavesTooMuch) response.headers.set('Connection', 'close')
  complete(response, app.strictTransport)
  if (app.readiness.isLastAnswer(() => app.proxies.isProxy(ask.peer)))
    response.headers.set('Connection', 'close')
  // The body of a stream goes on for as long as somebody listens, and is no part of it.
  app.meter.record(route?.call ?? OTHER, response.status, performance.now() - ask.begunAt)
  ask.finish()
  return response
}

/** The answer to a request that was refused or failed. */
async function declined(error: unknown, route: Endpoint | undefined, ask: Ask, app: App): Promise<Response> {
  const problem = problemOf(error, ask, app)
  if (problem.code === 'not_logged_in' && getsLoginPage(ask, app)) return loginInPlace(ask, app)
  const status = statusOf(problem.code)
  const headers = problemHeaders(problem, app)
  if (status === 405 && route !== undefined) headers['Allow'] = route.methods.join(', ')
  // Nobody knows where a body of two lengths ends.
  if (saysLengthTwice(ask) || problem.code === 'untrusted_peer') headers['Connection'] = 'close'
  if (ask.wantsPage && !isApiPath(ask.path)) return troublePage(problem, ask, app, headers)
  return problemResponse(problem, headers)
}

/** Refuses a request for a host that is not this server: a page of that host could be anybody's. */
function requireHost(ask: Ask, { hosts }: App): void {
  const host = ask.headers.get('host')
  if (!hosts.isOurs(host, ask)) throw new Refusal('misdirected_request', hosts.explain(host ?? ''))
}

/** Bun takes two `Content-Length` that agree for one. It refuses all others of doubtful length by itself, before we hear of them. */
const saysLengthTwice = ({ contentLength }: Ask) => contentLength?.includes(',') === true

function requireRoute(route: Endpoint | undefined, ask: Ask): Endpoint {
  if (route === undefined) throw notFound(ask.path)
  if (route.methods.includes(ask.method)) return route
  const methods = route.methods.join(' and ')
  throw new Refusal('method_not_allowed', `${ask.path} answers to ${methods}, and not to ${ask.method}.`)
}

/** The longest path that is compared with those there are. */
const MAX_COMPARED_PATH = 100

/** Names the path that was meant if slashes or capitals alone keep it from being found. Nothing of what was sent is repeated. */
function notFound(path: string): Refusal {
  const plain = `/${path.slice(0, MAX_COMPARED_PATH).split('/').filter(Boolean).join('/')}`
  const meant = [plain, plain.toLowerCase()].find((each) => routes.has(each))
  const hint = `Did you mean ${meant}? A path has one slash between its parts, none at its end, and small letters.`
  return new Refusal('not_found', `There is nothing at this path.${meant === undefined ? '' : ` ${hint}`}`)
}

/** Refusals that somebody who watches over the server wants to know of. */
const LOGGED = [
  'csrf_failed',
  'cross_site',
  'misdirected_request',
  'navigation_refused',
  'role_missing',
  'untrusted_peer',
] as const

/** Those of them that come with a session. All others need no login. */
const OF_USERS: readonly string[] = ['csrf_failed', 'role_missing']

/** What the client is told. Of a fault it learns a request id at most; the log has the rest. */
function problemOf(error: unknown, ask: Ask, app: App): Problem {
  if (error instanceof Refusal) return refused(error, ask, app)
  if (ask.isAborted) {
    app.log.debug({ event: 'aborted', path: ask.path, ...ask.origin }, 'a client hung up')
    return {
      code: 'malformed_request',
      detail: 'The request did not come in whole.',
      retryAfter: null,
      requestId: null,
    }
  }
  app.log.error({ event: 'fault', path: ask.path, ...ask.origin, err: error }, 'a request failed')
  app.meter.count(error instanceof StoreFault ? error.code : 'internal_error')
  const { requestId } = ask
  if (error instanceof StoreFault) {
    return error.code === 'store_full'
      ? {
          code: error.code,
          detail: 'There is no room to store this; nothing was stored.',
          retryAfter: null,
          requestId,
        }
      : {
          code: error.code,
          detail: 'The store does not answer. Try again shortly.',
          retryAfter: STORE_RETRY,
          requestId,
        }
  }
  return {
    code: 'internal_error',
    detail: 'Something failed here. Its request id leads to the log.',
    retryAfter: null,
    requestId,
  }
}

function refused(refusal: Refusal, ask: Ask, app: App): Problem {
  const { code, message: detail, retryAfter, session } = refusal
  const logged = LOGGED.find((each) => each === code)
  if (logged !== undefined) {
    app.meter.count(logged)
    // A kind of its own, since it needs no login: a flood of them must not displace what users were refused.
    const event = OF_USERS.includes(logged) ? 'refused' : 'refused_foreign'
    const whose = session === null ? {} : named(session)
    app.audit.warn({ event, code, path: ask.path, ...ask.origin, ...whose }, 'a request was refused')
  }
  const problem = { code, detail, retryAfter, requestId: null }
  return code === 'not_logged_in' ? { ...problem, reason: lackIn(ask, app) } : problem
}

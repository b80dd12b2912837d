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

/** Seconds after which an idle connection, or one with an incomplete request, is closed. */
const IDLE_TIMEOUT_S = 60

/** Seconds after which a client may retry while the store is unavailable. */
const STORE_RETRY_S = 1

/** Starts serving. Throws a `SetupError` if it cannot listen on the address. */
export function startHttp(app: App, hostname: string, port: number): Server<undefined> {
  return requireListening({ hostname, port }, LISTENING, () =>
    Bun.serve({
      hostname,
      port,
      idleTimeout: IDLE_TIMEOUT_S,
      // Otherwise Bun goes by NODE_ENV and, where that is not set, serves pages meant for developers.
      development: false,
      // Otherwise, outside development, a second server would get half of the requests instead of an error.
      reusePort: false,
      // Our own limit answers with a sentence; Bun's only hangs up. Bun's applies to bodies without a length.
      maxRequestBodySize: Number.MAX_SAFE_INTEGER,
      // Bun compares paths as they are sent, but resolves `/./`, `/../` and `\` in the request's URL.
      // Otherwise another spelling of a path could get around a proxy's rule for it.
      routes: Object.fromEntries([...routes].map(([path, route]) => [path, answering(route, app)])),
      fetch: answering(undefined, app),
      error: () => new Response(null, { status: 500, headers: API_HEADERS }),
    }),
  )
}

/**
 * If the store reads at once, the client cannot hang up before a GET of it can fail: it waits only, now and
 * then, for a use to be written, and the writer logs that failure itself.
 */
const READ = numberOf('read')

/** The kind of requests to paths that are not ours. */
const OTHER = numberOf('other')

/** Health checks may use any host name: load balancers use addresses, and the response says nothing else. */
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
  // The body of a stream lasts as long as its reader and does not count.
  app.meter.record(route?.call ?? OTHER, response.status, performance.now() - ask.begunAt)
  ask.finish()
  return response
}

/** Returns the response to a request that was refused or failed. */
async function declined(error: unknown, route: Endpoint | undefined, ask: Ask, app: App): Promise<Response> {
  const problem = problemOf(error, ask, app)
  if (problem.code === 'not_logged_in' && getsLoginPage(ask, app)) return loginInPlace(ask, app)
  const status = statusOf(problem.code)
  const headers = problemHeaders(problem, app)
  if (status === 405 && route !== undefined) headers['Allow'] = route.methods.join(', ')
  // A body with two lengths has no certain end.
  if (saysLengthTwice(ask) || problem.code === 'untrusted_peer') headers['Connection'] = 'close'
  if (ask.wantsPage && !isApiPath(ask.path)) return troublePage(problem, ask, app, headers)
  return problemResponse(problem, headers)
}

/** Throws for a request to a host that is not this server: its page could belong to anybody. */
function requireHost(ask: Ask, { hosts }: App): void {
  const host = ask.headers.get('host')
  if (!hosts.isOurs(host, ask)) throw new Refusal('misdirected_request', hosts.explain(host ?? ''))
}

/**
 * Bun accepts two equal `Content-Length` headers. It refuses all other doubtful lengths itself, before we see
 * them.
 */
const saysLengthTwice = ({ contentLength }: Ask) => contentLength?.includes(',') === true

function requireRoute(route: Endpoint | undefined, ask: Ask): Endpoint {
  if (route === undefined) throw notFound(ask.path)
  if (route.methods.includes(ask.method)) return route
  const methods = route.methods.join(' and ')
  throw new Refusal('method_not_allowed', `${ask.path} answers to ${methods}, and not to ${ask.method}.`)
}

/** The longest path that is compared with the known ones. */
const MAX_COMPARED_PATH = 100

/** Names the intended path if only slashes or capitals differ. Repeats nothing of what was sent. */
function notFound(path: string): Refusal {
  const plain = `/${path.slice(0, MAX_COMPARED_PATH).split('/').filter(Boolean).join('/')}`
  const meant = [plain, plain.toLowerCase()].find((each) => routes.has(each))
  const hint = `Did you mean ${meant}? A path has one slash between its parts, none at its end, and small letters.`
  return new Refusal('not_found', `There is nothing at this path.${meant === undefined ? '' : ` ${hint}`}`)
}

/** Refusals that an operator wants to know about. */
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

/** Returns what the client learns. For a fault that is at most a request id; the log has the rest. */
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
          retryAfter: STORE_RETRY_S,
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
    // A kind of its own, since it needs no login: a flood of these must not displace refusals of users.
    const event = OF_USERS.includes(logged) ? 'refused' : 'refused_foreign'
    const whose = session === null ? {} : named(session)
    app.audit.warn({ event, code, path: ask.path, ...ask.origin, ...whose }, 'a request was refused')
  }
  const problem = { code, detail, retryAfter, requestId: null }
  return code === 'not_logged_in' ? { ...problem, reason: lackIn(ask, app) } : problem
}

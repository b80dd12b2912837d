import { Refusal } from '../errors.ts'
import { ADMIN } from '../login/users.ts'
import { CSRF_TOKEN } from '../session/limits.ts'
import { csrfTokenOf, isOfFirstPassword, isProtected, isSame, type Token } from '../session/token.ts'
import type { ReadSession } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { crossSite, csrfFailed } from './explain.ts'
import { type FirstPasswordRule, isOpen, requireChosenPassword } from './first-password.ts'
import { lastOf, type Pair } from './form.ts'
import type { JsonShape } from './json-body.ts'
import { notLoggedIn } from './not-logged-in.ts'
import { hasForeignReferer, isForeign, isNavigation, isOwnPage, isSpeculative, isVisit } from './origin.ts'
import { isApiPath } from './return.ts'

/**
 * What a request to a protected session must prove. `read`: nothing on GET. `change`: the CSRF token, or on
 * GET that our own page sent it. A POST always needs the token.
 */
type Kind = 'read' | 'change'

/** What a request must prove, and its parameters. */
export interface Proof {
  readonly kind: Kind
  readonly pairs: readonly Pair[]
  /** Whether a login with a first password may do this. */
  readonly isOpenToFirstPassword?: FirstPasswordRule | undefined
}

/**
 * Returns the parameters of a call that needs a login. Without a live session the response is 401, whatever
 * else is wrong with the request. A request without a token is refused by its head alone, and a large body is
 * read only after a live session is found.
 */
export async function requireParams(ask: Ask, app: App, shape: JsonShape): Promise<Pair[]> {
  const admit = () => requireLive(ask, app)
  if (ask.tokens.length === 0) await admit()
  try {
    return await ask.params(shape, admit)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    ask.dropBody()
    await admit()
    throw error
  }
}

/** Returns the tokens worth trying: of several, those with a live session, found by one store call. */
export const liveTokens = (ask: Ask, app: App): readonly Token[] | Promise<readonly Token[]> =>
  ask.liveTokens((tokens) => app.sessions.liveAmong(tokens))

/** Throws for a request from another site, and for one without a live session. */
async function requireLive(ask: Ask, app: App): Promise<void> {
  refuseForeignCall(ask, app)
  for (const token of await liveTokens(ask, app)) if ((await app.sessions.look(token, [])) !== null) return
  throw notLoggedIn(ask, app)
}

/**
 * Runs `act` with the first live session that the request presents; `act` resolves with null if the token has
 * none. Throws for a request from another site (except a link to a page), without a live session, or without
 * the proof.
 */
export async function withLogin<T>(
  ask: Ask,
  app: App,
  proof: Proof,
  act: (token: Token) => Promise<T | null>,
): Promise<T> {
  refuseForeignCall(ask, app)
  const { kind, pairs, isOpenToFirstPassword } = proof
  if (kind === 'change') requireIntent(ask, app)
  for (const token of ask.tokens.length < 2 ? ask.tokens : await liveTokens(ask, app)) {
    if (isOfFirstPassword(token) && !isOpen(isOpenToFirstPassword, pairs))
      await requireChosenPassword(app, token)
    if (!isProven(ask, token, kind, pairs)) {
      const session = await app.sessions.look(token, [])
      if (session !== null) throw csrfFailed(ask, pairs, session)
      continue
    }
    const result = await actOrNull(app, token, act)
    if (result !== null) return result
  }
  throw notLoggedIn(ask, app)
}

/**
 * Returns what `act` resolves with. If it throws and the token has no live session, returns null: that
 * problem comes first.
 */
async function actOrNull<T>(app: App, token: Token, act: (token: Token) => Promise<T | null>) {
  try {
    return await act(token)
  } catch (error) {
    if (error instanceof Refusal && (await app.sessions.look(token, [])) === null) return null
    throw error
  }
}

/**
 * Returns the live session of a request, without attributes. A read that does not count as a use stays none
 * here.
 */
export function requireSession(ask: Ask, app: App, proof: Proof): Promise<LoggedIn> {
  return withLogin(ask, app, proof, async (token) => {
    const session = await (proof.kind === 'read' && !ask.isUse
      ? app.sessions.look(token, [])
      : app.sessions.read(token, []))
    return session === null ? null : { token, session }
  })
}

export interface LoggedIn {
  readonly token: Token
  readonly session: ReadSession
}

/** Returns the live session of a request if its user is an admin. Throws otherwise. */
export async function requireAdmin(ask: Ask, app: App, proof: Proof): Promise<LoggedIn> {
  const login = await requireSession(ask, app, proof)
  const user = await app.users.find(login.session.uname)
  if (user === null || !user.roles.includes(ADMIN)) {
    throw new Refusal(
      'role_missing',
      `This is for users with the role ${ADMIN}; log in as one.`,
      null,
      login.session,
    )
  }
  return login
}

/** Throws for a request from another site. For calls that begin or end a login, with or without a session. */
export function refuseForeign(ask: Ask, app: App): void {
  if (isForeign(ask.headers, app.origin) || hasForeignReferer(ask.headers, app.origin))
    throw crossSite(ask, app)
}

/**
 * Throws for a change that neither a person nor our script asked for: another site's, a link's, or a
 * browser's prefetch.
 */
function requireIntent(ask: Ask, app: App): void {
  if (hasForeignReferer(ask.headers, app.origin)) throw crossSite(ask, app)
  if (ask.method === 'POST') return
  refusePrefetch(ask)
  if (isNavigation(ask.headers)) {
    throw new Refusal(
      'navigation_refused',
      'A link, a redirect or an image changes nothing here: send the request by POST, or from a script. Nothing happened.',
    )
  }
}

/** Throws for a GET that a browser prefetches, for calls that change something. */
export function refusePrefetch({ method, headers }: Ask): void {
  if (method === 'POST' || !isSpeculative(headers)) return
  throw new Refusal(
    'prefetch_refused',
    'The browser says that it prefetches this request. It would change something, so nothing happened.',
  )
}

/** Throws for a request from another site, except a link to a page. */
function refuseForeignCall(ask: Ask, app: App): void {
  if (isForeign(ask.headers, app.origin) && !isLinkToPage(ask)) throw crossSite(ask, app)
}

/** Any site may link to our pages: a page changes nothing and is shown only to its user. */
const isLinkToPage = ({ path, method, headers }: Ask) =>
  !isApiPath(path) && method !== 'POST' && isVisit(headers)

/**
 * Returns the pairs without the proof for this token: a correct CSRF token is a parameter and never an
 * attribute.
 */
export function withoutProof(pairs: readonly Pair[], token: Token): readonly Pair[] {
  if (!isProtected(token) || !pairs.some(([name]) => name === CSRF_TOKEN)) return pairs
  const csrfToken = csrfTokenOf(token)
  return pairs.filter(([name, value]) => name !== CSRF_TOKEN || !isSame(value, csrfToken))
}

function isProven(ask: Ask, token: Token, kind: Kind, pairs: readonly Pair[]): boolean {
  if (!isProtected(token)) return true
  if (ask.method !== 'POST' && (kind === 'read' || isOwnPage(ask.headers))) return true
  const csrfToken = csrfTokenOf(token)
  const parameter = lastOf(pairs, CSRF_TOKEN)
  const offered = [ask.headers.get('csrftoken'), ask.headers.get('x-csrf-token'), parameter]
  return offered.some((each) => each !== null && isSame(each, csrfToken))
}

import { z } from 'zod'
import { isRefusal } from '../errors.ts'
import { CSRF_TOKEN } from '../session/limits.ts'
import type { Written } from '../session/sessions.ts'
import { csrfTokenOf, idOf, isProtected, type Token } from '../session/token.ts'
import { handleOf } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import type { TokenCall } from './endpoint.ts'
import { etagOf, isNamed, requiredVersions } from './etag.ts'
import type { Pair } from './form.ts'
import { liveTokens, withoutProof } from './guard.ts'
import { API_HEADERS } from './headers.ts'
import { attributesJson, json } from './json.ts'
import { isApiPath } from './return.ts'

/** Attributes by key. */
export const PAIRS = z.record(z.string(), z.string())

/** Keys of attributes. No keys mean all. */
export const KEYS = z.object({ key: z.array(z.string()).optional() })

/**
 * `session/get`. Parameters: `key`, repeated, or none for all. Returns the attributes as JSON with an `ETag`;
 * 304 if `If-None-Match` names this version. Resolves with null if there is no live session.
 */
export async function get({ ask, app, token, pairs }: TokenCall): Promise<Response | null> {
  const named = keysIn(pairs)
  const keys = storedOf(named)
  const session = await (ask.isUse ? app.sessions.read(token, keys) : app.sessions.look(token, keys))
  if (session === null) return null
  const etag = etagOf(session.id, session.version)
  const known = ask.headers.get('if-none-match')
  // A page shows this response and has no ETag of its own.
  if (known !== null && isApiPath(ask.path) && isNamed(known, session.id, session.version))
    return new Response(null, { status: 304, headers: { ...API_HEADERS, ETag: etag } })
  if (named === 'all' || named.length === keys.length || !isProtected(token))
    return attributesJson(session.attributes, etag)
  return attributesJson(new Map([...session.attributes, [CSRF_TOKEN, csrfTokenOf(token)]]), etag)
}

/**
 * `session/put`. Parameters: the attributes. Stores all or none; returns the new `ETag`. Throws if a limit is
 * exceeded or `If-Match` does not match. Resolves with null if there is no live session.
 */
export const put = (call: TokenCall): Promise<Response | null> =>
  write(call, (version) => call.app.sessions.put(call.token, withoutProof(call.pairs, call.token), version))

/** `session/delete`. Parameters: `key`, repeated, or none for all. Otherwise like `session/put`. */
export const remove = (call: TokenCall): Promise<Response | null> =>
  write(call, (version) => call.app.sessions.remove(call.token, storedOf(keysIn(call.pairs)), version))

/**
 * Changes attributes if the session matches `If-Match`. The response has the new `ETag`, so that a program
 * can continue from it.
 */
async function write(
  { ask, token }: TokenCall,
  change: (version: number | null) => Promise<Written | null>,
): Promise<Response | null> {
  const ifMatch = ask.headers.get('if-match')
  const versions = ifMatch === null ? null : requiredVersions(ifMatch, idOf(token))
  const written = await (versions === null ? change(null) : changeAtOneOf(versions, change))
  return written === null ? null : json({}, { ETag: etagOf(written.id, written.version) })
}

/** No session has it: versions begin at 1. */
const NO_VERSION = 0

/**
 * Makes a change if the session has one of these versions. Versions only grow, so trying them in order misses
 * none.
 */
async function changeAtOneOf(
  versions: readonly number[],
  change: (version: number) => Promise<Written | null>,
): Promise<Written | null> {
  for (const version of versions.slice(0, -1)) {
    try {
      return await change(version)
    } catch (error) {
      if (!isRefusal(error, 'changed_meanwhile')) throw error
    }
  }
  return change(versions.at(-1) ?? NO_VERSION)
}

/** Returns the values of every parameter `key`; none of them means all attributes. */
function keysIn(pairs: readonly Pair[]): readonly string[] | 'all' {
  const keys = pairs.filter(([name]) => name === 'key').map(([, value]) => value)
  return keys.length === 0 ? 'all' : keys
}

/** Returns the keys that a store can have: the CSRF token is stored nowhere. */
const storedOf = (keys: readonly string[] | 'all'): readonly string[] | 'all' =>
  keys === 'all' ? keys : keys.filter((key) => key !== CSRF_TOKEN)

/**
 * `session/invalidate`. Ends the login, and any other that the request presents. Expires the cookie. Resolves
 * with null if there is no live session.
 */
export async function invalidate({ ask, app, token }: TokenCall): Promise<Response | null> {
  return (await logOut(ask, app, token)) === null ? null : json({}, { 'Set-Cookie': app.cookie.expired })
}

/** Ends the session of a token and the others in the request. Resolves with null if the token has none. */
export async function logOut(ask: Ask, app: App, token: Token): Promise<true | null> {
  const session = await app.sessions.read(token, [])
  if (session === null) return null
  await Promise.all((await liveTokens(ask, app)).map((each) => app.sessions.end(each)))
  app.meter.count('logout')
  app.audit.info({ event: 'logout', ...ask.origin, ...named(session) }, 'logged out')
  return true
}

/** Returns a session as the log names it. */
export const named = ({ id, uname }: { readonly id: string; readonly uname: string }) => ({
  uname,
  handle: handleOf(id),
})

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

/** Attributes, by their keys. */
export const PAIRS = z.record(z.string(), z.string())

/** Keys of attributes. None of them: all. */
export const KEYS = z.object({ key: z.array(z.string()).optional() })

/** `session/get`: the named attributes, or all. */
export async function get({ ask, app, token, pairs }: TokenCall): Promise<Response | null> {
  const named = keysIn(pairs)
  const keys = storedOf(named)
  const session = await (ask.isUse ? app.sessions.read(token, keys) : app.sessions.look(token, keys))
  if (session === null) return null
  const etag = etagOf(session.id, session.version)
  const known = ask.headers.get('if-none-match')
  // A page shows what this answers, and has no ETag of its own.
  if (known !== null && isApiPath(ask.path) && isNamed(known, session.id, session.version))
    return new Response(null, { status: 304, headers: { ...API_HEADERS, ETag: etag } })
  if (named === 'all' || named.length === keys.length || !isProtected(token))
    return attributesJson(session.attributes, etag)
  return attributesJson(new Map([...session.attributes, [CSRF_TOKEN, csrfTokenOf(token)]]), etag)
}

/** `session/put`: all of the parameters, or none. */
export const put = (call: TokenCall): Promise<Response | null> =>
  write(call, (version) => call.app.sessions.put(call.token, withoutProof(call.pairs, call.token), version))

/** `session/delete`: the named attributes, or all. */
export const remove = (call: TokenCall): Promise<Response | null> =>
  write(call, (version) => call.app.sessions.remove(call.token, storedOf(keysIn(call.pairs)), version))

/** A change of attributes, if the session is as `If-Match` says. The answer has the new `ETag`, so that a program can go on from it. */
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

/** Does a change if the session has one of these versions. They only go up, so trying them in order misses none. */
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

/** The values of every parameter `key`; none of them means all attributes. */
function keysIn(pairs: readonly Pair[]): readonly string[] | 'all' {
  const keys = pairs.filter(([name]) => name === 'key').map(([, value]) => value)
  return keys.length === 0 ? 'all' : keys
}

/** Those of the keys that a store can have: the CSRF token is kept nowhere. */
const storedOf = (keys: readonly string[] | 'all'): readonly string[] | 'all' =>
  keys === 'all' ? keys : keys.filter((key) => key !== CSRF_TOKEN)

/** `session/invalidate`: the end of the login, and of any other that the request presents. */
export async function invalidate({ ask, app, token }: TokenCall): Promise<Response | null> {
  return (await logOut(ask, app, token)) === null ? null : json({}, { 'Set-Cookie': app.cookie.expired })
}

/** Ends the session of a token, and of the others in the request, or resolves with null: it has none. */
export async function logOut(ask: Ask, app: App, token: Token): Promise<true | null> {
  const session = await app.sessions.read(token, [])
  if (session === null) return null
  await Promise.all((await liveTokens(ask, app)).map((each) => app.sessions.end(each)))
  app.meter.count('logout')
  app.audit.info({ event: 'logout', ...ask.origin, ...named(session) }, 'logged out')
  return true
}

/** A session as the log names it. */
export const named = ({ id, uname }: { readonly id: string; readonly uname: string }) => ({
  uname,
  handle: handleOf(id),
})

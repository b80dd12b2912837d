/**
 * The values that calls take and return. Instants are RFC 3339 texts. Of the limits, all but the number of
 * attributes are bytes.
 *
 * @typedef {{ uname: string, fullname: string, email: string, roles: string[], handle: string, beganAt: string,
 *   endsAt: string, latestEndsAt: string, freshUntil: string, csrfProtection: boolean, passwordChangeNeeded:
 *   boolean, limits: { key: number, value: number, attributes: number, session: number } }} Info
 * @typedef {{ handle: string, uname: string, beganAt: string, usedAt: string, endsAt: string, address: string,
 *   userAgent: string }} Session
 * @typedef {Session & { current: boolean }} OwnSession
 * @typedef {{ uname: string, fullname: string, email: string, roles: string[], disabled: boolean }} User
 * @typedef {{ fullname?: string, email?: string, roles?: string[], disabled?: boolean, password?: string }}
 *   UserFields
 * @typedef {{ at: string, event: string, uname?: string, admin?: string, by?: string, address?: string, handle?:
 *   string, revoked?: string, code?: string, ended?: number, path?: string, changed?: string[], all?: boolean,
 *   more?: number, network?: string, since?: string }} LogEvent
 * @typedef {{ nodes: { name: string, startedAt: string, version: string }[], store: { kind: string, up: boolean,
 *   bytes: number | null, sessions: number | null, measuredAt: string | null }, series: { from: string, step: number
 *   } & Record<SeriesName, (number | null)[]> }} Overview
 * @typedef {'requests' | 'logins' | 'failures' | 'throttled' | 'readP50' | 'readP99' | 'writeP50' | 'writeP99' |
 *   'sessions' | 'bytes'} SeriesName
 *
 * @typedef {{ kind: 'put', keys: string[], etag: string } | { kind: 'put', attributes: Record<string, string>,
 *   etag: string } | { kind: 'delete', keys: string[] | 'all', etag: string } | { kind: 'missed' } | { kind: 'end',
 *   reason: 'logout' | 'revoked' | 'expired' }} SessionEvent `missed`: there may have been changes that were not
 *   reported; read the session again. `end` is the last event.
 * @typedef {(state: 'open' | 'lost', problem?: import('./problem.js').Problem) => void} StateListener
 * @typedef {{ values?: boolean, signal?: AbortSignal, onState?: StateListener, retry?: number }} EventOptions
 *   `values`: a `put` has its attributes instead of their keys. `onState`: called when the server begins to report
 *   changes, and when the connection is lost. `retry`: milliseconds before the client connects again, until the
 *   server says how many.
 *
 * @typedef {{ url?: string, cookie?: string | null, csrfToken?: string | null, timeout?: number }} Settings `url`:
 *   the server, with its path if it has one; '' in a page of the server's own origin. `cookie`: a `Cookie` header,
 *   as when a back end acts for the session of the browser that called it. `csrfToken`: of that session, if it is
 *   known already. `timeout`: milliseconds.
 * @typedef {{ background?: boolean }} ReadOptions `background`: nobody asked for this just now, so it does not
 *   keep the session alive.
 * @typedef {{ ifMatch?: string }} WriteOptions `ifMatch`: the ETag of the session as it was read. If it has
 *   changed since, the call rejects with the code `changed_meanwhile` and changes nothing.
 * @typedef {{ yourPassword?: string | undefined }} ProofOptions The password of the user who is logged in. Needed
 *   if the login is not fresh: the code is then `password_needed`.
 * @typedef {{ after?: string | undefined, limit?: number | undefined }} Paging `after` is `next` of the page
 *   before.
 */

export {}

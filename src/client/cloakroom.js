/**
 * A client of a Cloakroom server: plain ECMAScript for browsers and for Node 20, without dependencies. Every method is one call of the HTTP
 * API (docs/http.md) and resolves with its answer; what the server declines, or fails at, rejects with a `Problem`.
 *
 * In a page of the server's own origin the browser keeps the cookie. Elsewhere the client does, after `logIn`, in memory.
 */

/**
 * @typedef {{ uname: string, fullname: string, email: string, roles: string[], handle: string, beganAt: string, endsAt: string,
 *   latestEndsAt: string, freshUntil: string, csrfProtection: boolean,
 *   limits: { key: number, value: number, attributes: number, session: number } }} Info Who is logged in, and for how long. Instants are
 *   RFC 3339; of the limits, all but the number of attributes are bytes.
 * @typedef {{ handle: string, uname: string, beganAt: string, usedAt: string, endsAt: string, address: string, userAgent: string }} Session
 * @typedef {Session & { current: boolean }} OwnSession
 * @typedef {{ uname: string, fullname: string, email: string, roles: string[], disabled: boolean }} User
 * @typedef {{ fullname?: string, email?: string, roles?: string[], disabled?: boolean, password?: string }} UserFields
 * @typedef {{ at: string, event: string, uname?: string, admin?: string, address?: string, handle?: string, revoked?: string, code?: string,
 *   ended?: number, path?: string, changed?: string[], all?: boolean, more?: number }} LogEvent Something that concerns who may log in.
 * @typedef {{ nodes: { name: string, startedAt: string, version: string }[],
 *   store: { kind: string, up: boolean, bytes: number | null, sessions: number | null, measuredAt: string | null },
 *   series: { from: string, step: number } & Record<SeriesName, (number | null)[]> }} Overview
 * @typedef {'requests' | 'logins' | 'failures' | 'throttled' | 'readP50' | 'readP99' | 'writeP50' | 'writeP99' | 'sessions' | 'bytes'} SeriesName
 * @typedef {{ after?: string | undefined, limit?: number | undefined }} Paging `after` is `next` of the page before.
 * @typedef {{ background?: boolean }} Reading `background`: nobody asked for it just now, so it is no use of the session and does not keep it alive.
 */

/** Milliseconds after which an answer is given up. */
const PATIENCE = 20_000

/** The longest path and query that a GET is sent with, in characters; servers and proxies refuse heads of 8 KiB and more. */
const LONGEST_TARGET = 4_000

/** What a query cannot say: there it is taken for bytes that are not UTF-8. */
const UNSAYABLE = '%EF%BF%BD'

/** What the server declined or failed at. `code` is for programs, `message` tells a person what to do. */
export class Problem extends Error {
  /**
   * @param {string} code As in docs/http.md; `unreachable`: no answer came, and whether the request was carried out is not known.
   * @param {string} message
   * @param {number} status Of HTTP; 0: no answer came.
   * @param {number | null} retryAfter Seconds after which it is worth asking again, where that is known.
   */
  constructor(code, message, status, retryAfter = null) {
    super(message)
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.retryAfter = retryAfter
  }
}

export class Cloakroom {
  #url
  /** @type {string | null} */
  #cookie = null
  /** @type {Promise<string | null> | null} The token of this login, once somebody needed it. */
  #csrfToken = null

  /**
   * @param {{ url?: string, csrfToken?: string | null }} [settings] `url`: of the server, without a path; '' in a page of its own.
   *   `csrfToken`: of the login, if it is known already.
   */
  constructor({ url = '', csrfToken = null } = {}) {
    this.#url = url
    if (csrfToken !== null) this.#csrfToken = Promise.resolve(csrfToken)
  }

  /**
   * @param {string} uname
   * @param {string} password
   */
  async logIn(uname, password) {
    const body = new URLSearchParams({ z_username: uname, z_password: password })
    const answer = await this.#fetch('/z_security_check', { method: 'POST', body })
    // Only now: what was asked meanwhile was asked with the token of the login before.
    this.#csrfToken = null
    // A browser keeps the cookie itself, and shows it to nobody.
    this.#cookie = answer.headers.getSetCookie().find(Boolean)?.split(';')[0] ?? null
  }

  /** Ends the session, and so the login. */
  async invalidate() {
    await this.#change('/session/invalidate', {})
    this.#csrfToken = null
  }

  /**
   * @param {Reading} [reading]
   * @returns {Promise<Info>}
   */
  info(reading) {
    return this.#read('/session/info', {}, reading)
  }

  /**
   * The named attributes that there are; with no key, all.
   * @param {...string} keys
   * @returns {Promise<Record<string, string>>}
   */
  get(...keys) {
    return this.#read('/session/get', { key: keys })
  }

  /**
   * All attributes, as `get` without a key.
   * @param {Reading} [reading]
   * @returns {Promise<Record<string, string>>}
   */
  attributes(reading) {
    return this.#read('/session/get', {}, reading)
  }

  /**
   * Adds or replaces the attributes, all of them or none, and touches no other.
   * @param {Readonly<Record<string, string>>} attributes
   */
  async put(attributes) {
    await this.#change('/session/put', attributes)
  }

  /**
   * Removes the attributes; with no key, all.
   * @param {...string} keys
   */
  async delete(...keys) {
    await this.#change('/session/delete', keys.length === 0 ? {} : { key: keys })
  }

  /**
   * All live sessions of the user, latest login first.
   * @param {Reading} [reading]
   * @returns {Promise<OwnSession[]>}
   */
  async sessions(reading) {
    const all = []
    /** @type {string | undefined} */
    let after
    do {
      const { sessions, next } = await this.sessionsIn({ after }, reading)
      all.push(...sessions)
      after = next ?? undefined
    } while (after !== undefined)
    return all
  }

  /**
   * A page of them: without a limit the latest 1,000.
   * @param {Paging} paging
   * @param {Reading} [reading]
   * @returns {Promise<{ sessions: OwnSession[], next: string | null }>}
   */
  sessionsIn(paging, reading) {
    return this.#read('/session/list', paging, reading)
  }

  /**
   * Ends one own session, or all others; how many.
   * @param {{ handle: string } | { others: true }} which
   * @param {string} [password] Needed if the login is not fresh: `password_needed`.
   * @returns {Promise<number>}
   */
  async revoke(which, password) {
    return (
      await this.#change('/session/revoke', { ...which, ...(password === undefined ? {} : { password }) })
    ).ended
  }

  /**
   * Changes the password and ends the user's other sessions; how many.
   * @param {string} old
   * @param {string} password
   * @returns {Promise<number>}
   */
  async changePassword(old, password) {
    return (await this.#change('/user/password', { old, new: password })).ended
  }

  /**
   * How the whole installation is and was during the last hour. For admins, like all that follow.
   * @param {Reading} [reading]
   * @returns {Promise<Overview>}
   */
  overview(reading) {
    return this.#read('/admin/overview', {}, reading)
  }

  /**
   * Live sessions, latest login first, that are as the filter says. A page may be empty and not be the last.
   * @param {{ uname?: string | undefined, address?: string | undefined, handle?: string | undefined } & Paging} filter
   * @param {Reading} [reading]
   * @returns {Promise<{ sessions: Session[], next: string | null }>}
   */
  allSessions(filter, reading) {
    return this.#read('/admin/sessions/list', filter, reading)
  }

  /**
   * How many live sessions there are, of a user or of all.
   * @param {{ uname?: string }} which
   * @returns {Promise<number>}
   */
  async countSessions(which) {
    return (await this.#read('/admin/sessions/count', which)).sessions
  }

  /**
   * Ends sessions of whomever; how many.
   * @param {{ handle: string } | { uname: string } | { all: true }} which
   * @returns {Promise<number>}
   */
  async revokeAny(which) {
    return (await this.#change('/admin/sessions/revoke', which)).ended
  }

  /**
   * @param {Paging} paging
   * @returns {Promise<{ users: User[], next: string | null }>}
   */
  users(paging) {
    return this.#read('/admin/users/list', paging)
  }

  /**
   * @param {string} uname
   * @returns {Promise<User>}
   */
  user(uname) {
    return this.#read('/admin/users/get', { uname })
  }

  /**
   * @param {string} uname
   * @param {UserFields & { password: string }} fields
   */
  async createUser(uname, fields) {
    await this.#change('/admin/users/create', { uname, ...fields })
  }

  /**
   * Changes the named fields; a new password, or disabling, ends the user's sessions. How many.
   * @param {string} uname
   * @param {UserFields} fields
   * @returns {Promise<number>}
   */
  async updateUser(uname, fields) {
    return (await this.#change('/admin/users/update', { uname, ...fields })).ended
  }

  /**
   * Deletes the user and ends the sessions of that name; how many.
   * @param {string} uname
   * @returns {Promise<number>}
   */
  async deleteUser(uname) {
    return (await this.#change('/admin/users/delete', { uname })).ended
  }

  /**
   * What concerned who may log in, newest first.
   * @param {{ uname?: string | undefined } & Paging} filter
   * @param {Reading} [reading]
   * @returns {Promise<{ events: LogEvent[], next: string | null }>}
   */
  log(filter, reading) {
    return this.#read('/admin/log/list', filter, reading)
  }

  /**
   * @param {string} path
   * @param {Readonly<Record<string, string | number | readonly string[] | undefined>>} params
   * @param {Reading} [reading]
   * @returns {Promise<any>}
   */
  async #read(path, params, { background = false } = {}) {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(params)) {
      for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each))
    }
    const target = query.size === 0 ? path : `${path}?${query}`
    const headers = background ? { 'Cloakroom-Use': 'no' } : {}
    if (target.length > LONGEST_TARGET || target.includes(UNSAYABLE))
      return this.#post(path, query, headers, { background })
    return (await this.#fetch(target, { headers })).json()
  }

  /**
   * @param {string} path
   * @param {object} params
   */
  #change(path, params) {
    return this.#post(path, JSON.stringify(params), { 'Content-Type': 'application/json' })
  }

  /**
   * @param {string} path
   * @param {BodyInit} body
   * @param {Readonly<Record<string, string>>} headers
   * @param {Reading} [reading]
   */
  async #post(path, body, headers, reading) {
    this.#csrfToken ??= this.#read('/session/get', { key: 'CSRFToken' }, reading).then(
      ({ CSRFToken = null }) => CSRFToken,
    )
    // One that could not be had is asked for again the next time.
    const token = await this.#csrfToken.catch((error) => {
      this.#csrfToken = null
      throw error
    })
    const proven = token === null ? headers : { ...headers, CSRFToken: token }
    return (await this.#fetch(path, { method: 'POST', headers: proven, body })).json()
  }

  /**
   * @param {string} target
   * @param {RequestInit} request
   */
  async #fetch(target, request) {
    const headers = new Headers(request.headers)
    headers.set('Accept', 'application/json')
    if (this.#cookie !== null) headers.set('Cookie', this.#cookie)
    const signal = AbortSignal.timeout(PATIENCE)
    /** @type {Response} */
    let answer
    try {
      answer = await fetch(this.#url + target, { ...request, headers, signal, redirect: 'error' })
    } catch (cause) {
      const problem = new Problem(
        'unreachable',
        'The server cannot be reached. Is the network there? Try again.',
        0,
      )
      problem.cause = cause
      throw problem
    }
    if (answer.ok) return answer
    const { code = 'internal_error', detail = `The answer was ${answer.status}.` } = await answer
      .json()
      .catch(() => ({}))
    const seconds = Number(answer.headers.get('retry-after'))
    throw new Problem(code, detail, answer.status, seconds > 0 ? seconds : null)
  }
}

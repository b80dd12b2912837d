import { Connection, having } from './connection.js'
import { eventsOf } from './events.js'
import { notOurs } from './problem.js'

/** @import { Params } from './connection.js' */
/** @import { Info, LogEvent, OwnSession, Overview, Paging, ProofOptions } from './types.js' */
/** @import { ReadOptions, Session, SessionEvent } from './types.js' */
/** @import { EventOptions, Settings, User, UserFields, WriteOptions } from './types.js' */

// biome-ignore lint/performance/noBarrelFile: a program imports the client and its errors from one file.
export { Problem } from './problem.js'

/**
 * A client of a Cloakroom server: plain ECMAScript for browsers and for Node 20.3 and later, without dependencies.
 * Every method is one call of the HTTP API (docs/http.md). It resolves with the answer, and rejects with a `Problem`
 * where the server refuses, fails, or where no whole answer of it comes.
 *
 * In a page of the server's own origin the browser keeps the cookie. Elsewhere the client keeps it, in memory.
 */
export class Cloakroom {
  #connection

  /** @param {Settings} [settings] Throws a `TypeError` if the URL is none of a server. */
  constructor(settings = {}) {
    this.#connection = new Connection(settings)
  }

  /** The cookies that this client sends, as a `Cookie` header; null: none, or the browser keeps them. */
  get cookie() {
    return this.#connection.cookie
  }

  /**
   * Begins a session.
   * @param {string} uname
   * @param {string} password
   * @param {{ csrfProtection?: boolean }} [options] `csrfProtection: false` is for programs alone.
   * @returns {Promise<{ setCookie: string[] }>} The `Set-Cookie` lines, for a back end that passes them on. Empty
   *   in a browser.
   */
  async logIn(uname, password, { csrfProtection = true } = {}) {
    const form = {
      z_username: uname,
      z_password: password,
      ...(csrfProtection ? {} : { z_csrf_protection: 'off' }),
    }
    return { setCookie: await this.#connection.logIn(form, csrfProtection) }
  }

  /** Ends the session, and so the login. */
  async invalidate() {
    await this.#connection.change('/session/invalidate', {})
    this.#connection.forget()
  }

  /**
   * Who is logged in, and until when.
   * @param {ReadOptions} [options]
   * @returns {Promise<Info>}
   */
  async info(options) {
    return having('handle', await this.#connection.read('/session/info', {}, options))
  }

  /**
   * The attributes of these keys, as far as there are any; without keys, all.
   * @param {string | readonly string[]} [keys]
   * @param {ReadOptions} [options]
   * @returns {Promise<Record<string, string>>}
   */
  async get(keys, options) {
    return (await this.read(keys, options)).attributes
  }

  /**
   * The attributes as `get`, with the ETag of the session, for `ifMatch`.
   * @param {string | readonly string[]} [keys]
   * @param {ReadOptions} [options]
   * @returns {Promise<{ attributes: Record<string, string>, etag: string }>}
   */
  async read(keys, options) {
    const params = keys === undefined ? {} : { key: listOf(keys) }
    const answered = await this.#connection.read('/session/get', params, options)
    const isText = (/** @type {unknown} */ value) => typeof value === 'string'
    if (!Object.values(answered.body).every(isText))
      throw notOurs(answered.answer, new Error('A value is no text.'))
    return { attributes: keys?.length === 0 ? {} : answered.body, etag: answered.etag }
  }

  /**
   * Adds or replaces these attributes, all of them or none, and no other.
   * @param {Readonly<Record<string, string>>} attributes
   * @param {WriteOptions} [options]
   * @returns {Promise<{ etag: string }>}
   */
  async put(attributes, { ifMatch } = {}) {
    const { etag } = await this.#connection.change('/session/put', attributes, ifMatch)
    return { etag }
  }

  /**
   * Removes the attributes of these keys, whether or not there are any.
   * @param {string | readonly string[]} keys
   * @param {WriteOptions} [options]
   * @returns {Promise<{ etag: string }>}
   */
  async delete(keys, { ifMatch } = {}) {
    const { etag } = await this.#connection.change('/session/delete', { key: listOf(keys) }, ifMatch)
    return { etag }
  }

  /**
   * Removes all attributes.
   * @param {WriteOptions} [options]
   * @returns {Promise<{ etag: string }>}
   */
  async clear({ ifMatch } = {}) {
    const { etag } = await this.#connection.change('/session/delete', {}, ifMatch)
    return { etag }
  }

  /**
   * What changes in the session from now on: `for await (const event of cloakroom.events()) …`. Connects again by
   * itself whenever the connection is lost. Ends after `end`, and when `signal` is aborted. Rejects if there is no
   * session, or the server refuses for good.
   * @param {EventOptions} [options]
   * @returns {AsyncGenerator<SessionEvent, void>}
   */
  events(options = {}) {
    return eventsOf(this.#connection, options)
  }

  /**
   * All live sessions of the user, latest login first.
   * @param {ReadOptions} [options]
   * @returns {Promise<OwnSession[]>}
   */
  async sessions(options) {
    const all = []
    /** @type {string | undefined} */
    let after
    do {
      const { sessions, next } = await this.sessionsPage({ after }, options)
      all.push(...sessions)
      after = next ?? undefined
    } while (after !== undefined)
    return all
  }

  /**
   * A page of them: without a limit the latest 1,000.
   * @param {Paging} paging
   * @param {ReadOptions} [options]
   * @returns {Promise<{ sessions: OwnSession[], next: string | null }>}
   */
  async sessionsPage(paging, options) {
    return having('sessions', await this.#connection.read('/session/list', paging, options))
  }

  /**
   * Ends one session of the user, or all others. Returns how many ended.
   * @param {{ handle: string } | { others: true }} which
   * @param {ProofOptions} [options]
   * @returns {Promise<number>}
   */
  async revoke(which, options) {
    return having('ended', await this.#prove('/session/revoke', which, options)).ended
  }

  /**
   * Changes the password of the user and ends the other sessions. Returns how many ended.
   * @param {string} old
   * @param {string} password
   * @returns {Promise<number>}
   */
  async changePassword(old, password) {
    return having('ended', await this.#connection.change('/user/password', { old, new: password })).ended
  }

  /**
   * How the whole installation is, and was during the last hour. For admins, as all methods that follow.
   * @param {ReadOptions} [options]
   * @returns {Promise<Overview>}
   */
  async overview(options) {
    return having('series', await this.#connection.read('/admin/overview', {}, options))
  }

  /**
   * Live sessions of all users, latest login first, that have what the filter names. A page may be empty and not be
   * the last.
   * @param {{ uname?: string | undefined, address?: string | undefined, handle?: string | undefined } & Paging}
   *   filter
   * @param {ReadOptions} [options]
   * @returns {Promise<{ sessions: Session[], next: string | null }>}
   */
  async allSessions(filter, options) {
    return having('sessions', await this.#connection.read('/admin/sessions/list', filter, options))
  }

  /**
   * How many live sessions there are, of a user or of all.
   * @param {{ uname?: string }} which
   * @returns {Promise<number>}
   */
  async countSessions(which) {
    return having('sessions', await this.#connection.read('/admin/sessions/count', which)).sessions
  }

  /**
   * Ends sessions of any user. Returns how many ended.
   * @param {{ handle: string } | { uname: string } | { all: true }} which
   * @param {ProofOptions} [options]
   * @returns {Promise<number>}
   */
  async revokeAny(which, options) {
    return having('ended', await this.#prove('/admin/sessions/revoke', which, options)).ended
  }

  /**
   * Users in the order of their names' bytes, those alone whose name begins with `prefix`.
   * @param {{ prefix?: string | undefined } & Paging} filter
   * @returns {Promise<{ users: User[], next: string | null }>}
   */
  async users(filter) {
    return having('users', await this.#connection.read('/admin/users/list', filter))
  }

  /**
   * @param {string} uname
   * @returns {Promise<User>}
   */
  async user(uname) {
    return having('uname', await this.#connection.read('/admin/users/get', { uname }))
  }

  /**
   * @param {string} uname
   * @param {UserFields & { password: string }} fields
   * @param {ProofOptions} [options]
   */
  async createUser(uname, fields, options) {
    await this.#prove('/admin/users/create', { uname, ...fields }, options)
  }

  /**
   * Changes the named fields. A new password, or disabling, ends the user's sessions. Returns how many ended.
   * @param {string} uname
   * @param {UserFields} fields
   * @param {ProofOptions} [options]
   * @returns {Promise<number>}
   */
  async updateUser(uname, fields, options) {
    return having('ended', await this.#prove('/admin/users/update', { uname, ...fields }, options)).ended
  }

  /**
   * Deletes the user and ends the sessions of that name. Returns how many ended.
   * @param {string} uname
   * @param {ProofOptions} [options]
   * @returns {Promise<number>}
   */
  async deleteUser(uname, options) {
    return having('ended', await this.#prove('/admin/users/delete', { uname }, options)).ended
  }

  /**
   * The security log, newest first. `from` and `to` are RFC 3339 instants or dates (UTC). A page may be empty and
   * not be the last.
   * @param {{ uname?: string | undefined, event?: string | undefined, address?: string | undefined, from?: string
   *   | undefined, to?: string | undefined } & Paging} filter
   * @param {ReadOptions} [options]
   * @returns {Promise<{ events: LogEvent[], next: string | null }>}
   */
  async log(filter, options) {
    return having('events', await this.#connection.read('/admin/log/list', filter, options))
  }

  /**
   * A change for which users may have to prove again who they are.
   * @param {string} path
   * @param {Params} params
   * @param {ProofOptions} [options]
   */
  #prove(path, params, { yourPassword: your_password } = {}) {
    return this.#connection.change(path, { ...params, your_password })
  }
}

/** To name no key would mean all. This one is never among the attributes, and no call changes it. */
const NO_ATTRIBUTE = ['CSRFToken']

/** @param {string | readonly string[]} keys */
const listOf = (keys) => (typeof keys === 'string' ? [keys] : keys.length === 0 ? NO_ATTRIBUTE : [...keys])

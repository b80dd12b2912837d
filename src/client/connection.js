import { Cookies } from './cookies.js'
import { noAnswer, notOurs, problemOf } from './problem.js'

/** @import { ReadOptions, Settings } from './types.js' */

/** The longest path and query of a GET, in characters. Servers and proxies refuse heads of 8 KiB and more. */
const LONGEST_TARGET = 4_000

/** What a query cannot say: the server takes it for bytes that are not UTF-8. */
const UNSAYABLE = '%EF%BF%BD'

/** Milliseconds for an answer to come whole. */
const TIMEOUT_MS = 20_000

/**
 * @typedef {Readonly<Record<string, unknown>>} Params An undefined parameter is not sent; a list is sent as
 *   several.
 */
/**
 * @typedef {{ readonly body: any, readonly etag: string, readonly answer: Response }} Answered `etag` is '' if
 *   there is none.
 */

/**
 * How a client reaches one server: its URL, the cookies and the CSRF token of its session, and what an answer has to
 * be.
 */
export class Connection {
  #url
  #cookies
  #timeout
  /** @type {Promise<string | null> | null} The CSRF token of the session, once a call needed it. */
  #csrfToken = null

  /** @param {Settings} settings */
  constructor({ url = '', cookie = null, csrfToken = null, timeout = TIMEOUT_MS }) {
    this.#url = baseOf(url)
    this.#cookies = new Cookies(cookie)
    this.#timeout = timeout
    if (csrfToken !== null) this.#csrfToken = Promise.resolve(csrfToken)
  }

  get cookie() {
    return this.#cookies.header
  }

  /**
   * @param {Readonly<Record<string, string>>} form
   * @param {boolean} csrfProtection Whether the new session has it.
   */
  async logIn(form, csrfProtection) {
    const { answer } = await this.#ask('/z_security_check', {
      method: 'POST',
      body: new URLSearchParams(form),
    })
    // Only now: calls that were under way went with the token of the session before.
    this.#csrfToken = csrfProtection ? null : Promise.resolve(null)
    return answer.headers.getSetCookie()
  }

  /** Throws where there is no page whose server is meant. */
  requireUrl() {
    if (this.#url === '' && !('location' in globalThis))
      throw new TypeError('Outside of a page the client needs the url of the server.')
  }

  /** To be called when the session has ended. */
  forget() {
    this.#csrfToken = null
  }

  /**
   * Asks for what changes nothing.
   * @param {string} path
   * @param {Params} params
   * @param {ReadOptions} [options]
   * @returns {Promise<Answered>}
   */
  read(path, params, { background = false } = {}) {
    const query = new URLSearchParams()
    for (const [name, value] of Object.entries(params)) {
      for (const each of [value].flat()) if (each !== undefined) query.append(name, String(each))
    }
    const target = query.size === 0 ? path : `${path}?${query}`
    /** @type {Record<string, string>} */
    const headers = background ? { 'Cloakroom-Use': 'no' } : {}
    return target.length > LONGEST_TARGET || target.includes(UNSAYABLE)
      ? this.#post(path, query, headers, { background })
      : this.#ask(target, { headers })
  }

  /**
   * Asks for a change.
   * @param {string} path
   * @param {Params} params
   * @param {string} [ifMatch]
   */
  change(path, params, ifMatch) {
    /** @type {Record<string, string>} */
    const headers = { 'Content-Type': 'application/json' }
    if (ifMatch !== undefined) headers['If-Match'] = ifMatch
    return this.#post(path, JSON.stringify(params), headers)
  }

  /**
   * An answer that goes on: its head has to come in time, its body has not.
   * @param {string} target
   * @param {Readonly<Record<string, string>>} headers
   * @param {AbortSignal} signal
   */
  async stream(target, headers, signal) {
    const late = new AbortController()
    const timer = setTimeout(
      () => late.abort(new DOMException('No answer came.', 'TimeoutError')),
      this.#timeout,
    )
    try {
      const answer = await this.#send(target, { headers }, AbortSignal.any([signal, late.signal]))
      if (!answer.ok) throw problemOf(answer, await this.#textOf(answer))
      const type = answer.headers.get('content-type') ?? ''
      if (answer.body === null || !type.startsWith('text/event-stream'))
        throw notOurs(
          answer,
          new Error(`The type of the answer is ${type || 'missing'}, not text/event-stream.`),
        )
      return answer.body
    } finally {
      clearTimeout(timer)
    }
  }

  /**
   * @param {string} path
   * @param {BodyInit} body
   * @param {Readonly<Record<string, string>>} headers
   * @param {ReadOptions} [options]
   */
  async #post(path, body, headers, options) {
    this.#csrfToken ??= this.read('/session/get', { key: 'CSRFToken' }, options).then(
      ({ body: { CSRFToken = null } }) => CSRFToken,
    )
    const token = await this.#csrfToken.catch((error) => {
      // The next call asks for it again.
      this.#csrfToken = null
      throw error
    })
    const proven = token === null ? headers : { ...headers, CSRFToken: token }
    return this.#ask(path, { method: 'POST', headers: proven, body })
  }

  /**
   * @param {string} target
   * @param {RequestInit} request
   * @returns {Promise<Answered>}
   */
  async #ask(target, request) {
    const answer = await this.#send(target, request, AbortSignal.timeout(this.#timeout))
    const text = await this.#textOf(answer)
    if (!answer.ok) throw problemOf(answer, text)
    return { body: objectIn(answer, text), etag: answer.headers.get('etag') ?? '', answer }
  }

  /**
   * @param {string} target
   * @param {RequestInit} request
   * @param {AbortSignal} signal
   */
  async #send(target, request, signal) {
    this.requireUrl()
    const headers = new Headers(request.headers)
    if (!headers.has('Accept')) headers.set('Accept', 'application/json, application/problem+json')
    if (this.cookie !== null) headers.set('Cookie', this.cookie)
    try {
      const answer = await fetch(this.#url + target, { ...request, headers, signal, redirect: 'manual' })
      this.#cookies.keep(answer)
      return answer
    } catch (cause) {
      throw noAnswer(cause, this.#timeout)
    }
  }

  /** @param {Response} answer */
  async #textOf(answer) {
    try {
      return await answer.text()
    } catch (cause) {
      throw cause instanceof Error && cause.name === 'TimeoutError'
        ? noAnswer(cause, this.#timeout)
        : notOurs(answer, cause)
    }
  }
}

/**
 * What paths of the API are appended to.
 * @param {string} url
 */
function baseOf(url) {
  const base = url.replace(/[/]+$/, '')
  if (base === '' || base.startsWith('/')) return base
  const parsed = URL.canParse(base) ? new URL(base) : null
  const isServer =
    parsed !== null && /^https?:$/.test(parsed.protocol) && !/[?#]/.test(base) && parsed.username === ''
  if (isServer) return base
  throw new TypeError(
    'The url of the server is like https://login.example.com: http or https, without a user, a query or a fragment.',
  )
}

/**
 * The JSON object that every answer of Cloakroom is.
 * @param {Response} answer
 * @param {string} text
 */
function objectIn(answer, text) {
  let body
  try {
    body = JSON.parse(text)
  } catch (cause) {
    throw notOurs(answer, cause)
  }
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body
  throw notOurs(answer, new Error('The body is no JSON object.'))
}

/**
 * The body of an answer, which has a member of this name if it is the answer to this call.
 * @param {string} name
 * @param {Answered} answered
 */
export function having(name, { body, answer }) {
  if (body[name] === undefined) throw notOurs(answer, new Error(`The answer has no ${name}.`))
  return body
}

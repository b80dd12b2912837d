/**
 * A call that did not succeed. `code` is for programs, `message` tells a person what to do, `cause` is the error
 * behind it.
 */
export class Problem extends Error {
  /**
   * @param {string} code One of docs/http.md, or `unreachable`: no whole answer of a Cloakroom server came, so
   *   whether the request was carried out is not known.
   * @param {string} message
   * @param {{ status?: number, retryAfter?: number | null, requestId?: string | null, cause?: unknown }} [facts]
   *   `status` of HTTP, 0 if no answer came. `retryAfter`: seconds. `requestId` leads to the line in the server's
   *   log.
   */
  constructor(code, message, { status = 0, retryAfter = null, requestId = null, cause } = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'Problem'
    this.code = code
    this.status = status
    this.retryAfter = retryAfter
    this.requestId = requestId
  }
}

/**
 * No answer came at all, or not in time.
 * @param {unknown} cause
 * @param {number} timeout
 */
export function noAnswer(cause, timeout) {
  const isLate = cause instanceof Error && cause.name === 'TimeoutError'
  const message = isLate
    ? `The server did not answer within ${timeout / 1_000} seconds. Try again.`
    : 'The server cannot be reached. Check the network and try again.'
  return new Problem('unreachable', message, { cause })
}

/**
 * Something answered, but not Cloakroom, or not to the end.
 * @param {Response} answer
 * @param {unknown} cause
 */
export function notOurs(answer, cause) {
  const message =
    `No complete answer from Cloakroom came (${statusText(answer)}). ` +
    'Something between may have answered instead. Try again.'
  return new Problem('unreachable', message, {
    status: answer.status,
    retryAfter: retryAfterOf(answer),
    cause,
  })
}

/** @param {Response} answer */
const statusText = ({ status, type }) =>
  type === 'opaqueredirect' || (status >= 300 && status < 400) ? 'a redirect' : `status ${status}`

/**
 * The problem that an answer of Cloakroom describes, or one that says that the answer is not Cloakroom's.
 * @param {Response} answer
 * @param {string} text Its body.
 */
export function problemOf(answer, text) {
  /** @type {any} */
  let body
  try {
    body = JSON.parse(text)
  } catch (cause) {
    return notOurs(answer, cause)
  }
  if (typeof body?.code !== 'string' || typeof body.detail !== 'string')
    return notOurs(answer, new Error('The body is no problem with a code and a detail.'))
  return new Problem(body.code, body.detail, {
    status: answer.status,
    retryAfter: retryAfterOf(answer),
    requestId: typeof body.requestId === 'string' ? body.requestId : null,
  })
}

/** @param {Response} answer */
function retryAfterOf({ headers }) {
  const seconds = Number(headers.get('retry-after'))
  return seconds > 0 ? seconds : null
}

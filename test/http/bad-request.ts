/** A request that has to be refused, and how. */
export interface BadRequest {
  readonly says: string
  readonly method?: string
  /** Path and query as they are sent; Latin-1, so that `\xff` is that byte. */
  readonly path: string
  /** Who asks: an admin without CSRF protection, a user without roles who has it on, or nobody. */
  readonly as?: 'admin' | 'user' | 'nobody'
  /** Header lines; a header that is repeated stands twice. */
  readonly headers?: readonly string[]
  readonly body?: string | Uint8Array
  readonly status: number
  /** Null: an answer to HEAD, which has no body. */
  readonly code: string | null
}

/** The rest of a bad request, of which most say: 400 to an admin. */
type More = Partial<Omit<BadRequest, 'says' | 'path' | 'body'>>

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const JSON_TYPE = 'Content-Type: application/json'

const bad = (says: string, path: string, code: string, more: More): BadRequest => ({
  says,
  path,
  status: 400,
  code,
  ...more,
})

/** A request without a body. */
export const get = (path: string, code: string, more: More = {}): BadRequest =>
  bad(`GET ${path.slice(0, 60)}`, path, code, { method: 'GET', ...more })

/** A POST of a form. */
export const form = (path: string, body: string | Uint8Array, code: string, more: More = {}): BadRequest => ({
  ...bad(`${path} ${shown(body)}`, path, code, more),
  headers: [FORM, ...(more.headers ?? [])],
  body,
})

/** A POST of JSON. */
export const json = (path: string, body: string | Uint8Array, code: string, more: More = {}): BadRequest => ({
  ...form(path, body, code, more),
  says: `${path} as JSON ${shown(body)}`,
  headers: [JSON_TYPE, ...(more.headers ?? [])],
})

const shown = (body: string | Uint8Array) =>
  JSON.stringify(Buffer.from(body).toString('latin1').slice(0, 60)) +
  (body.length > 60 ? ` and more, ${body.length} in all` : '')

/** The bytes of the request. */
export function bytesOf(request: BadRequest, cookie: string | null, csrfToken: string | null): Buffer {
  const body = Buffer.from(request.body ?? '')
  const lines = [
    `${request.method ?? 'POST'} ${request.path} HTTP/1.1`,
    'Host: 127.0.0.1',
    ...(cookie === null ? [] : [`Cookie: ${cookie}`]),
    ...(csrfToken === null ? [] : [`CSRFToken: ${csrfToken}`]),
    ...(request.headers ?? []),
    ...(request.body === undefined ? [] : [`Content-Length: ${body.length}`]),
  ]
  return Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), body])
}

import { ADMIN_PASSWORD, type TestServer } from './server.ts'

/**
 * A logged-in program: it keeps its cookie, and its CSRF token if there is one, and sends nothing else by
 * itself.
 */
export interface Client {
  readonly cookie: string
  readonly csrfToken: string | null
  /**
   * Sends a request with the cookie. `body` makes it a POST; an object becomes a form. The CSRF token, if
   * any, goes into a header.
   */
  ask(path: string, body?: Body | null, headers?: Record<string, string>): Promise<Response>
  /** The same for a response that must be 200. Returns its JSON. */
  json(path: string, body?: Body | null, headers?: Record<string, string>): Promise<unknown>
}

type Body = Record<string, string> | string | Uint8Array<ArrayBuffer>

/** A server in any process. */
type Served = Pick<TestServer, 'url'>

export interface LoginSettings {
  readonly uname?: string
  readonly password?: string
  /** Whether the session has CSRF protection. */
  readonly csrf?: boolean
  /** The program's user agent. */
  readonly userAgent?: string
}

/** Logs in like a program: with JSON and a new cookie. */
export async function logIn(server: Served, settings: LoginSettings = {}): Promise<Client> {
  const { uname = 'admin', password = ADMIN_PASSWORD, csrf = false, userAgent } = settings
  const form = new URLSearchParams({ z_username: uname, z_password: password })
  if (!csrf) form.set('z_csrf_protection', 'off')
  const answer = await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: form,
    headers: { accept: 'application/json', ...(userAgent === undefined ? {} : { 'user-agent': userAgent }) },
  })
  if (answer.status !== 200) throw new Error(`The login failed: ${answer.status} ${await answer.text()}`)
  const cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? ''
  const token = csrf ? await csrfTokenOf(server, cookie) : null
  const ask: Client['ask'] = (path, body = null, headers = {}) =>
    fetch(server.url + path, {
      method: body === null ? 'GET' : 'POST',
      body:
        body === null || typeof body === 'string' || body instanceof Uint8Array
          ? body
          : new URLSearchParams(body),
      redirect: 'manual',
      headers: {
        cookie,
        ...(typeof body === 'string' ? { 'content-type': 'application/x-www-form-urlencoded' } : {}),
        ...(token === null ? {} : { CSRFToken: token }),
        ...headers,
      },
    })
  return {
    cookie,
    csrfToken: token,
    ask,
    async json(path, body, headers) {
      const answer = await ask(path, body, headers)
      if (answer.status !== 200) throw new Error(`${path}: ${answer.status} ${await answer.text()}`)
      return answer.json()
    },
  }
}

async function csrfTokenOf(server: Served, cookie: string): Promise<string> {
  const answer = await fetch(`${server.url}/session/get?key=CSRFToken`, { headers: { cookie } })
  const { CSRFToken } = (await answer.json()) as { CSRFToken: string }
  return CSRFToken
}

/** Creates a user through an admin. Returns how to log in as that user. */
export async function givenUser(server: TestServer, uname: string, fields: Record<string, string> = {}) {
  const password = `${uname} likes long passwords`
  const admin = await logIn(server)
  await admin.json('/admin/users/create', { uname, password, ...fields })
  return { uname, password }
}

import { ADMIN_PASSWORD, type TestServer } from '../support/server.ts'

export const RIGHT = { z_username: 'admin', z_password: ADMIN_PASSWORD }
export const JSON_ANSWER = { accept: 'application/json' }

/** A login as a form sends it; whatever comes back. */
export const attempt = (
  server: TestServer,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> =>
  fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams(fields),
    headers,
    redirect: 'manual',
  })

/** `name=value` of the cookie that an answer sets. */
export const cookieOf = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? ''

/** What the session of these cookies answers to `session/get`. */
export const statusOf = async (server: TestServer, cookie: string): Promise<number> =>
  (await fetch(`${server.url}/session/get`, { headers: { cookie } })).status

/** The cookie that a visitor gets who has not logged in. */
export const visit = async (server: TestServer, path = '/index.csp'): Promise<string> =>
  cookieOf(await fetch(server.url + path))

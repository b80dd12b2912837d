import { ADMIN_PASSWORD } from '../test/support/server.ts'

/**
 * Milliseconds after which a missing response counts as an error: a hanging server is as bad as a wrong one.
 * Logins take long when other processes use the whole processor.
 */
const MAX_ANSWER_MS = 60_000

/** Sends a request with a cookie; a form makes it a POST. Rejects if no response comes. */
export function ask(
  url: string,
  path: string,
  cookie: string,
  form: Readonly<Record<string, string>> | null = null,
): Promise<Response> {
  return fetch(url + path, {
    method: form === null ? 'GET' : 'POST',
    body: form === null ? null : new URLSearchParams(form),
    headers: { cookie, accept: 'application/json' },
    redirect: 'manual',
    signal: AbortSignal.timeout(MAX_ANSWER_MS),
  })
}

/** Logs the admin in, with CSRF protection off, and returns the cookie. Throws if the status is not 200. */
export async function logIn(url: string): Promise<string> {
  const answer = await askToLogIn(url)
  await requireStatus(answer, 200)
  return cookieIn(answer)
}

/** The same, whatever the response is. */
export const askToLogIn = (url: string): Promise<Response> =>
  ask(url, '/z_security_check', '', {
    z_username: 'admin',
    z_password: ADMIN_PASSWORD,
    z_csrf_protection: 'off',
  })

export const cookieIn = (answer: Response): string => answer.headers.get('set-cookie')?.split(';')[0] ?? ''

export async function requireStatus(answer: Response, status: number): Promise<void> {
  if (answer.status === status) return
  throw new Error(`Answered ${answer.status} instead of ${status}: ${(await answer.text()).slice(0, 300)}`)
}

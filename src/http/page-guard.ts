import { isRefusal } from '../errors.ts'
import type { Ask } from './ask.ts'
import { PASSWORD_PAGE } from './first-password.ts'
import { redirect } from './page.ts'
import { LOGIN_PAGE } from './return.ts'

/**
 * Responds with a page. Without a session it redirects to the login and back; with a first password, to the
 * page that changes it.
 */
export async function orLogIn(ask: Ask, answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer()
  } catch (error) {
    if (isRefusal(error, 'not_logged_in'))
      return redirect(`${LOGIN_PAGE}?return_to=${encodeURIComponent(ask.target)}`)
    if (isRefusal(error, 'password_change_needed') && ask.method !== 'POST') return redirect(PASSWORD_PAGE)
    throw error
  }
}

import { Refusal } from '../errors.ts'
import type { LiveSession } from '../store/store.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { named } from './session.ts'

/** The parameter with which users prove their identity again. */
export const YOUR_PASSWORD = 'your_password'

/**
 * Throws for a request that a stolen cookie alone must not allow (ASVS 5.0, 7.5.1 and 7.5.2), unless the
 * login is younger than `session.fresh` or the user's own password came with it. A password that was sent is
 * always checked, so that a typo is reported.
 */
export async function requireFresh(
  ask: Ask,
  app: App,
  session: LiveSession,
  password: string | undefined,
): Promise<void> {
  if (password !== undefined && password !== '') {
    const who = { uname: session.uname, address: ask.address, devices: ask.devices }
    return withPassword(ask, app, session, () => app.login.requirePassword(who, password))
  }
  if (app.sessions.isFresh(session)) return
  throw new Refusal(
    'password_needed',
    `You logged in a while ago: send your own password again, as the parameter ${YOUR_PASSWORD}. Nothing was changed.`,
  )
}

/** Runs a step that checks the logged-in user's password, and logs a refusal. */
export async function withPassword<T>(
  ask: Ask,
  app: App,
  session: LiveSession,
  act: () => Promise<T>,
): Promise<T> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    const { code } = error
    if (code === 'wrong_password') app.meter.count(code)
    app.audit.warn(
      { event: 'password_refused', code, ...ask.origin, ...named(session) },
      'a password given again was refused, or the new one',
    )
    throw error
  }
}

import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { json } from './json.ts'

/** `/healthz`: responds with 200 while the process runs. */
export const healthz = (): Response => json({ status: 'ok' })

/**
 * `/readyz`: responds with 200 if the store answers reads, an admin can log in, and the server is not
 * stopping; else 503.
 */
export async function readyz(_ask: Ask, app: App): Promise<Response> {
  await app.readiness.require()
  await app.ping()
  return json({ status: 'ready' })
}

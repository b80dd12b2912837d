import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { json } from './json.ts'

/** `/healthz`: the process lives. */
export const healthz = (): Response => json({ status: 'ok' })

/** `/readyz`: the store answers reads, an admin can log in, and the server is not stopping. Else 503. */
export async function readyz(_ask: Ask, app: App): Promise<Response> {
  await app.readiness.require()
  await app.ping()
  return json({ status: 'ready' })
}

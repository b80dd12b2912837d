import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { json } from './json.ts'

/** `/healthz`: the process lives. */
export const healthz = (): Response => json({ status: 'ok' })

/** `/readyz`: the store answers too, or else a `StoreFault` says 503. */
export async function readyz(_ask: Ask, app: App): Promise<Response> {
  await app.ping()
  return json({ status: 'ready' })
}

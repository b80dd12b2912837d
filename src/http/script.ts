import { scriptOfPages } from '../console/bundle.ts'
import type { Ask } from './ask.ts'

/** `/console/script.js`: what the pages run. It is the same for everybody and holds nothing of anybody. */
export async function script(ask: Ask): Promise<Response> {
  const { text, gzipped, url } = await scriptOfPages()
  const isGzipped = /\bgzip\b/.test(ask.headers.get('accept-encoding') ?? '')
  return new Response(isGzipped ? gzipped : text, {
    headers: {
      'Content-Type': 'text/javascript; charset=utf-8',
      // Under its own name for ever; an earlier page that asks by another name gets what there is, and asks again the next time.
      'Cache-Control': url === ask.target ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(isGzipped ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}

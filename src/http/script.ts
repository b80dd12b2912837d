import { scriptOfPages } from '../console/bundle.ts'
import type { Ask } from './ask.ts'

/**
 * `/console/script.js`: the script of the pages. It is the same for everybody and contains no personal data.
 */
export async function script(ask: Ask): Promise<Response> {
  const { text, gzipped, url } = await scriptOfPages()
  const isGzipped = /\bgzip\b/.test(ask.headers.get('accept-encoding') ?? '')
  return new Response(isGzipped ? gzipped : text, {
    headers: {
      'Content-Type': 'text/javascript; charset=utf-8',
      // Cached for ever under its own name. A page with an older name gets the current script, and asks again
      // the next time.
      'Cache-Control': url === ask.target ? 'public, max-age=31536000, immutable' : 'no-cache',
      Vary: 'Accept-Encoding',
      ...(isGzipped ? { 'Content-Encoding': 'gzip' } : {}),
    },
  })
}

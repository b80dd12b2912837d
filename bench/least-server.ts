import { idOf } from '../src/session/token.ts'
import { ATTRIBUTES, attributesOf, tokenOf } from './sessions.ts'

/**
 * The least that a session server could do on this runtime: sessions are maps in memory, found by the hash of
 * the cookie's token. With LOG set, a thread appends puts to that file and syncs it before the response, in
 * one batch for all puts gathered meanwhile. No session ends, nothing is checked, no use is recorded, and the
 * file is never read.
 */
const { COUNT, LOG } = process.env

interface Session {
  readonly attributes: Map<string, string>
  version: number
}

const sessions = new Map<string, Session>()
for (let i = 0; i < Number(COUNT); i++)
  sessions.set(idOf(tokenOf(i)), { attributes: attributesOf(i, ATTRIBUTES), version: 1 })

const thread = LOG === undefined ? null : new Worker(new URL('./least-thread.ts', import.meta.url))
thread?.postMessage(LOG)
let gathered: { readonly text: string; readonly stored: () => void }[] = []
let underway: typeof gathered = []
if (thread !== null) thread.onmessage = finish

/** Resolves when the text is on disk. */
const store = (text: string): Promise<void> =>
  new Promise((stored) => {
    gathered.push({ text, stored })
    if (underway.length === 0 && gathered.length === 1) queueMicrotask(start)
  })

function start(): void {
  if (gathered.length === 0 || underway.length > 0) return
  underway = gathered
  gathered = []
  thread?.postMessage(underway.map(({ text }) => text).join(''))
}

function finish(): void {
  const done = underway
  underway = []
  for (const { stored } of done) stored()
  start()
}

const headersOf = (id: string, version: number) => ({
  'Content-Type': 'application/json',
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  ETag: `"${id.slice(0, 22)}.${version}"`,
})

async function answer(request: Request): Promise<Response> {
  const { url, headers } = request
  const id = idOf(headers.get('cookie')?.slice('zsessionid='.length) ?? '')
  const session = sessions.get(id)
  if (session === undefined) return new Response('{}', { status: 401 })
  if (request.method === 'POST') {
    const text = await request.text()
    const at = text.indexOf('=')
    session.attributes.set(text.slice(0, at), text.slice(at + 1))
    session.version++
    if (thread !== null) await store(`${id} ${text}\n`)
    return new Response('{}', { headers: headersOf(id, session.version) })
  }
  let json = ''
  for (const part of url.slice(url.indexOf('?') + 1).split('&')) {
    const key = part.slice('key='.length)
    const value = session.attributes.get(key)
    if (value !== undefined)
      json += `${json === '' ? '' : ','}${JSON.stringify(key)}:${JSON.stringify(value)}`
  }
  return new Response(`{${json}}`, { headers: headersOf(id, session.version) })
}

const server = Bun.serve({ hostname: '127.0.0.1', port: 0, development: false, fetch: answer })
process.stdout.write(`port ${server.port}\n`)

import { join } from 'node:path'
import { run } from './process.ts'
import type { Records } from './sessions.ts'

/** A request and its receiver. */
export interface Load {
  readonly port: number
  readonly records: Records
  /** The raw request; `load.lua` explains its placeholders. */
  readonly request: string
}

export interface LoadOptions {
  readonly seconds: number
  /** How many connections send at once. */
  readonly connections?: number
  /**
   * Longest pause of a connection before its next request, in milliseconds; 0: as fast as the server answers.
   */
  readonly pause?: number
  /** Whether refusals count as responses. */
  readonly mayRefuse?: boolean
}

/** What wrk measured. Latencies are in microseconds. */
export interface Seen {
  readonly requests: number
  readonly perSecond: number
  readonly p50: number
  readonly p99: number
}

export const CONNECTIONS = 32

const SCRIPT = join(import.meta.dir, 'load.lua')

/** Sends requests for some seconds and resolves with the measurements. Throws if a request failed. */
export async function send({ port, records, request }: Load, options: LoadOptions): Promise<Seen> {
  const { seconds, connections = CONNECTIONS, pause = 0, mayRefuse = false } = options
  const seed = Math.floor(Math.random() * 1e9)
  const out = await run([
    'wrk',
    '-t1',
    `-c${connections}`,
    `-d${seconds}s`,
    // A late response on a busy machine is still a response.
    '--timeout',
    '20s',
    '-s',
    SCRIPT,
    `http://127.0.0.1:${port}`,
    '--',
    records.path,
    String(records.count),
    records.widths.join(','),
    request,
    String(seed),
    String(pause),
  ])
  const [, json] = /^DONE (.*)$/m.exec(out) ?? []
  if (json === undefined) throw new Error(`wrk did not say what it saw: ${out}`)
  const { requests, micros, failed, refused, p50, p99 } = JSON.parse(json) as Record<string, number> &
    Record<'requests' | 'micros' | 'failed' | 'refused' | 'p50' | 'p99', number>
  if (requests === 0 || failed > 0 || (refused > 0 && !mayRefuse)) {
    throw new Error(`Of ${requests} requests ${failed} failed and ${refused} were refused: ${request}`)
  }
  return { requests, perSecond: requests / (micros / 1e6), p50, p99 }
}

/** Sends the same request once, for one session, and returns the response. */
export async function sendOnce(
  { port, request }: Pick<Load, 'port' | 'request'>,
  record: readonly string[],
  number: string,
): Promise<Response> {
  const text = request.replace(/\{(\w)\}/g, (_, mark) => (mark === 'n' ? number : (record[mark - 1] ?? '')))
  const [head = '', body = ''] = text.split('\r\n\r\n')
  const [line = '', ...lines] = head.split('\r\n')
  const [method = '', path] = line.split(' ')
  const headers = new Headers()
  for (const each of lines) {
    const at = each.indexOf(': ')
    const name = each.slice(0, at)
    if (name !== 'Host' && name !== 'Content-Length') headers.set(name, each.slice(at + 2))
  }
  return fetch(`http://127.0.0.1:${port}${path}`, { method, headers, ...(body === '' ? {} : { body }) })
}

/** The body of a raw request. */
export interface RawBody {
  readonly type: string
  readonly text: string
  /** The widths of its fields. */
  readonly widths?: readonly number[]
}

/** Returns the text of a raw request. */
export function rawRequest(
  line: string,
  headers: Readonly<Record<string, string>>,
  body: RawBody | null = null,
): string {
  const all = {
    Host: '127.0.0.1',
    ...headers,
    ...(body === null
      ? {}
      : {
          'Content-Type': body.type,
          'Content-Length': String(lengthOf(body)),
        }),
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${line} HTTP/1.1\r\n${lines.join('')}\r\n${body?.text ?? ''}`
}

const lengthOf = ({ text, widths = [] }: RawBody): number =>
  text.replace(/\{(\w)\}/g, (_, mark) => '0'.repeat(mark === 'n' ? 12 : (widths[mark - 1] ?? 0))).length

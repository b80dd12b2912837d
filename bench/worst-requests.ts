import { csrfTokenOf } from '../src/session/token.ts'
import { tokenOf } from './sessions.ts'

/** The parts of a request that is repeated. */
export interface Shape {
  readonly name: string
  /** Header lines, and the query or the body. */
  readonly headers: readonly string[]
  readonly query: string
  readonly body: string
  /** Whether it brings cookies of our name. */
  readonly isOfCookies?: boolean
}

const FORM = 'Content-Type: application/x-www-form-urlencoded'
const JSON_TYPE = 'Content-Type: application/json'

const filled = (start: string, piece: string, end: string, bytes: number) =>
  start + piece.repeat(Math.floor((bytes - start.length - end.length) / piece.length)) + end

const form = (name: string, start: string, piece: string) => (bytes: number) => ({
  name,
  headers: [FORM],
  query: '',
  body: filled(start, piece, '', bytes),
})

const json = (name: string, start: string, piece: string, end: string) => (bytes: number) => ({
  name,
  headers: [JSON_TYPE],
  query: '',
  body: filled(start, piece, end, bytes),
})

/** The request with which all others are compared: a JSON body of one long string. */
export const plain = json('JSON: one string', '{"a":"', 'x', '"}')

/** Bodies of a given size, each the worst of its kind. */
export const bodies: readonly ((bytes: number) => Shape)[] = [
  form('form: `+`', 'a=', '+'),
  json('JSON: escapes, `\\u0041`', '{"a":"', '\\u0041', '"}'),
  json('JSON: escapes, `\\n`', '{"a":"', '\\n', '"}'),
  json('JSON: short members', '{', '"a":"",', '"b":""}'),
  json('JSON: nested lists', '{"a":', '[', ''),
  json('JSON: digits', '{"a":', '7', '}'),
  form('form: digits', 'a=', '7'),
  form('form: `%41`', 'a=', '%41'),
  form('form: `%C3%A9`', 'a=', '%C3%A9'),
  form('form: `+a+a`', 'a=', '+a'),
  form('form: pairs, `a=+&`', '', 'a=+&'),
  form('form: `a&a&`', '', 'a&'),
  form('form: `&&&&`', '', '&'),
  form('form: begins like JSON', '{"a":"="', ',"b":1'),
  form('form: `%41` behind a broken one', 'a=%zz', '%41'),
]

/** Heads of about a given size. */
export const heads: readonly ((bytes: number) => Shape)[] = [
  (bytes) => ({ ...none, name: 'query: `+`', query: filled('key=', '+', '', bytes) }),
  (bytes) => ({ ...none, name: 'query: `%41`', query: filled('key=', '%41', '', bytes) }),
  (bytes) => ({ ...none, name: 'query: pairs, `key=+&`', query: filled('', 'key=+&', '', bytes) }),
  (bytes) => ({ ...none, name: 'query: `&&&&`', query: filled('', '&', '', bytes) }),
  (bytes) => ({ ...none, name: 'one long header', headers: [filled('X-A: ', 'x', '', bytes)] }),
  (bytes) => ({
    ...none,
    name: 'many headers',
    headers: Array(90).fill(filled('X-A: ', 'x', '', bytes / 90)),
  }),
  (bytes) => ({ ...none, name: 'other cookies', headers: [filled('Cookie: ', 'a=b; ', 'c=d', bytes)] }),
  (bytes) => ({
    ...none,
    isOfCookies: true,
    name: 'cookies of our name',
    headers: [`Cookie: ${unknownCookies(bytes)}`],
  }),
]

const none = { headers: [], query: '', body: '' }

const unknownCookies = (bytes: number) =>
  Array.from({ length: Math.floor(bytes / 57) }, (_, i) => `zsessionid=u${String(i).padStart(43, '0')}`).join(
    '; ',
  )

/** The header lines of each sender. */
export const senders = {
  nobody: [],
  unknown: [`Cookie: zsessionid=u${'A'.repeat(43)}`],
  user: [`Cookie: zsessionid=${tokenOf(0)}`, `CSRFToken: ${csrfTokenOf(tokenOf(0))}`],
} as const

/** Returns the bytes of a request. */
export function requestOf(line: string, shape: Shape, sender: readonly string[]): Buffer {
  const [method = '', path = ''] = line.split(' ')
  const query = shape.query === '' ? '' : `?${shape.query}`
  const length = method === 'POST' ? [`Content-Length: ${Buffer.byteLength(shape.body)}`] : []
  const lines = [
    `${method} ${path}${query} HTTP/1.1`,
    'Host: 127.0.0.1',
    'Accept: application/json',
    ...sender,
    ...shape.headers,
    ...length,
  ]
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n${shape.body}`)
}

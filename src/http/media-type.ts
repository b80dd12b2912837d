import { quoted, Refusal } from '../errors.ts'

export type BodyFormat = 'form' | 'json'

/** What a request's head says about its body. */
export interface MediaType {
  readonly format: BodyFormat
  /** The charset that the body names, if only its ASCII characters are read; else null: it is UTF-8. */
  readonly asciiCharset: string | null
}

const FORM: MediaType = { format: 'form', asciiCharset: null }

/** Charsets whose bytes below 128 are ASCII. Older HTTP libraries add one by default. */
const ASCII_CHARSETS = ['iso-8859-1', 'latin1', 'iso-8859-15', 'windows-1252', 'us-ascii', 'ascii']

const KNOWN = 'Send application/x-www-form-urlencoded (key=value&key2=value2) or application/json, in UTF-8'

/** Returns the type of a body. Throws a refusal that says what to send instead. */
export function requireMediaType(headers: Headers): MediaType {
  const encoding = headers.get('content-encoding')
  if (encoding !== null && encoding.toLowerCase() !== 'identity')
    throw unsupported(
      `Bodies with Content-Encoding ${quoted(encoding)} are not read. Send the body as it is.`,
    )
  const contentType = headers.get('content-type')
  if (contentType === 'application/x-www-form-urlencoded') return FORM
  if (contentType === null || contentType === '')
    throw unsupported(`The body has no Content-Type. ${KNOWN}, and say which in Content-Type.`)
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  return { format: formatOf(type.trim()), asciiCharset: asciiCharsetOf(parameters) }
}

function formatOf(type: string): BodyFormat {
  if (type === 'application/x-www-form-urlencoded') return 'form'
  if (type === 'application/json') return 'json'
  if (type === 'multipart/form-data') {
    throw unsupported(
      `Bodies of the type multipart/form-data are not read. ${KNOWN}: with curl, -d in place of -F; with PHP, http_build_query() of the array.`,
    )
  }
  throw unsupported(`Bodies of the type ${quoted(type)} are not read. ${KNOWN}.`)
}

function asciiCharsetOf(parameters: readonly string[]): string | null {
  let ascii: string | null = null
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim() !== 'charset') continue
    const charset = value.trim().replace(/^"(.*)"$/, '$1')
    if (ASCII_CHARSETS.includes(charset)) ascii = charset
    else if (charset !== 'utf-8' && charset !== 'utf8')
      throw unsupported(`Bodies in the charset ${quoted(charset)} are not read. Send the body in UTF-8.`)
  }
  return ascii
}

/** Throws if a body that names one of the ASCII charsets is not ASCII. */
export function requireAscii(bytes: Uint8Array, { format, asciiCharset }: MediaType): void {
  if (asciiCharset === null) return
  const isAscii = bytes.every((byte) => byte < 0x80)
  if (isAscii && (format === 'json' || !/%[89a-f][\da-f]/i.test(Buffer.from(bytes).toString('latin1'))))
    return
  throw unsupported(
    `The body is said to be in ${asciiCharset}, of which only ASCII characters are read, and holds others. ` +
      'Send it in UTF-8, with charset=utf-8 or without a charset.',
  )
}

const unsupported = (message: string) => new Refusal('unsupported_media_type', message)

import { Refusal } from '../errors.ts'
import { requireFewPairs, requireFewValues } from './count.ts'
import { type JsonShape, type Pair, parseForm, parseJson } from './form.ts'

/** How much the body of a request may be. */
export interface BodyLimits {
  readonly bytes: number
  readonly parameters: number
}

/** Parameters of a body where a session may hold fewer attributes. */
const LEAST_PARAMETERS = 4_096

/**
 * The limits of a body where a session may hold so many attributes: four times as many parameters, since a call may well name attributes
 * that come twice or are not there.
 */
export const bodyLimitsOf = (bytes: number, attributes: number): BodyLimits => ({
  bytes,
  parameters: Math.max(LEAST_PARAMETERS, 4 * attributes),
})

/** Bytes as the text that they encode, or a `TypeError`. A byte order mark stays: it is part of the value. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** The parameters in the body of a request. No body, no parameters. Refuses one beyond the limits before anything is made of it. */
export async function readBody(request: Request, limits: BodyLimits, shape: JsonShape): Promise<Pair[]> {
  const type = typeOf(request.headers.get('content-type'))
  const bytes = await bytesOf(request, limits.bytes)
  if (bytes.length === 0) return []
  const encoding = request.headers.get('content-encoding')
  if (encoding !== null && encoding !== 'identity')
    throw new Refusal('unsupported_media_type', 'Send the body as it is, without Content-Encoding.')
  if (type === null) {
    throw new Refusal(
      'unsupported_media_type',
      'Send the body as application/x-www-form-urlencoded or application/json, in UTF-8, and say so in Content-Type.',
    )
  }
  const text = textOf(bytes)
  if (type === 'form') {
    requireFewPairs(text, limits.parameters)
    return parseForm(text)
  }
  requireFewValues(text, limits.parameters)
  return parseJson(text, shape)
}

const NONE = new Uint8Array()

/** A body whose length is known is read at once: to ask for it as a stream takes longer than all the rest of a put. */
async function bytesOf(request: Request, maxBytes: number): Promise<Uint8Array> {
  const length = Number(request.headers.get('content-length') ?? Number.NaN)
  if (length > maxBytes) throw tooLarge(maxBytes)
  if (!Number.isNaN(length)) return request.bytes()
  return request.body === null ? NONE : readUpTo(request.body, maxBytes)
}

/**
 * Pieces of a body that are taken in one turn. A body in a million tiny ones would keep everybody else waiting; those that come in while
 * the others have their turn arrive as one.
 */
const PIECES_PER_TURN = 100

/** The bytes of a body that does not say how long it is, read no further than it may be. */
async function readUpTo(body: ReadableStream<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(maxBytes)
    chunks.push(chunk)
    if (chunks.length % PIECES_PER_TURN === 0) await new Promise(setImmediate)
  }
  return Buffer.concat(chunks)
}

function textOf(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw new Refusal('malformed_request', 'The body is not UTF-8.')
  }
}

/** Which of the two types of body it is, or null for another one. */
function typeOf(contentType: string | null): 'form' | 'json' | null {
  if (contentType === 'application/x-www-form-urlencoded') return 'form'
  if (contentType === null) return null
  const [type = '', ...parameters] = contentType.toLowerCase().split(';')
  const isUtf8 = parameters.every((parameter) => {
    const [name, value] = parameter.split('=')
    return name?.trim() !== 'charset' || /^"?utf-?8"?$/.test(value?.trim() ?? '')
  })
  if (!isUtf8) return null
  if (type.trim() === 'application/x-www-form-urlencoded') return 'form'
  return type.trim() === 'application/json' ? 'json' : null
}

const tooLarge = (maxBytes: number) =>
  new Refusal('body_too_large', `The body is larger than ${maxBytes} bytes; nothing was stored.`)

import { quoted, Refusal } from '../errors.ts'
import { countPairs, countValues, FEW_PARAMETERS, SHORT_TEXT } from './count.ts'
import { type Pair, parseForm, plusToSpace } from './form.ts'
import { type JsonShape, parseJson } from './json-body.ts'
import { type BodyFormat, requireAscii, requireMediaType } from './media-type.ts'

/** The limits on a request's body. */
export interface BodyLimits {
  readonly bytes: number
  readonly parameters: number
}

/** How a call reads a body. */
export interface BodyRules {
  readonly limits: BodyLimits
  /**
   * Called before more than a small body is read or parsed. Throws for clients that may not make the server
   * do that.
   */
  readonly admit: () => Promise<void>
}

/**
 * Bytes of a body that are read for any client. A larger one is read only for a client with a live session.
 */
export const SMALL_BODY = 16_384

/** The lowest limit on a body's parameters, if a session may hold fewer attributes. */
const MIN_PARAMETERS = 4_096

/**
 * Returns the limits for a body, given how many attributes a session may hold. Allows four times as many
 * parameters, since a call may repeat attributes or name missing ones.
 */
export const bodyLimitsOf = (bytes: number, attributes: number): BodyLimits => ({
  bytes,
  parameters: Math.max(MIN_PARAMETERS, 4 * attributes),
})

/** Returns the limits for a call that takes a few fields and no attributes. */
export const fieldLimitsOf = ({ bytes }: BodyLimits): BodyLimits => ({
  bytes: Math.min(bytes, SMALL_BODY),
  parameters: FEW_PARAMETERS,
})

/** Decodes UTF-8 or throws a `TypeError`. Keeps a byte order mark, which is part of the value. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Returns the bytes of a request's body. Refuses what the head shows to be wrong before reading anything.
 * `length` is from `Content-Length`, or null for a chunked body.
 */
export async function receiveBody(
  request: Request,
  length: number | null,
  { limits, admit }: BodyRules,
): Promise<Uint8Array> {
  if (length === null) return request.body === null ? NONE : receiveChunks(request.body, { limits, admit })
  if (length === 0) return NONE
  if (length > limits.bytes) throw tooLarge(length, limits.bytes)
  requireMediaType(request.headers)
  if (length > SMALL_BODY) await admit()
  // Reading it as a stream would take longer than all the rest of a put.
  return request.bytes()
}

/** Parses the parameters in a body. An empty body has none, whatever its declared type. */
export async function parseBody(
  bytes: Uint8Array,
  headers: Headers,
  rules: BodyRules & { readonly shape: JsonShape },
): Promise<Pair[]> {
  if (bytes.length === 0) return []
  const type = requireMediaType(headers)
  requireAscii(bytes, type)
  const { format } = type
  const text = textOf(format === 'form' ? plusToSpace(bytes) : bytes, format)
  if (text.length > SHORT_TEXT) await requireFew(text, format, rules)
  return format === 'form' ? parseForm(text) : parseJson(text, rules.shape)
}

/**
 * Throws if a body has more parameters than the limit. Counts them in the text: 1 MiB holds half a million,
 * which as objects would take a hundred times as much memory.
 */
async function requireFew(text: string, format: BodyFormat, { limits, admit }: BodyRules): Promise<void> {
  const count = format === 'form' ? countPairs : countValues
  if (count(text, FEW_PARAMETERS) <= FEW_PARAMETERS) return
  if (count(text, limits.parameters) > limits.parameters) throw tooMany(limits.parameters)
  await admit()
}

const NONE = new Uint8Array()

/**
 * How many pieces of a body are taken in one turn. A body in a million tiny pieces would block all other
 * requests; pieces that arrive in between come as one.
 */
const PIECES_PER_TURN = 100

/** Reads a body of unknown length, no further than the limit. */
async function receiveChunks(
  body: ReadableStream<Uint8Array>,
  { limits, admit }: BodyRules,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  let isAdmitted = false
  for await (const chunk of body) {
    length += chunk.length
    if (length > limits.bytes) throw tooLarge(null, limits.bytes)
    if (length > SMALL_BODY && !isAdmitted) {
      await admit()
      isAdmitted = true
    }
    chunks.push(chunk)
    if (chunks.length % PIECES_PER_TURN === 0) await new Promise(setImmediate)
  }
  return Buffer.concat(chunks)
}

function textOf(bytes: Uint8Array, format: BodyFormat): string {
  try {
    return utf8.decode(bytes)
  } catch {
    throw notUtf8(bytes, format)
  }
}

/** Says where a body is not UTF-8: in which parameter of a form, or at which byte of JSON. */
function notUtf8(bytes: Uint8Array, format: BodyFormat): Refusal {
  const at = firstInvalid(bytes)
  const text = Buffer.from(bytes).toString('latin1')
  const [name = ''] = text.slice(text.lastIndexOf('&', at) + 1).split(/[=&]/, 1)
  const what = format === 'json' ? `The body, from its byte ${at + 1} on,` : `The parameter ${quoted(name)}`
  return new Refusal('malformed_request', `${what} is not UTF-8 (Latin-1 perhaps). Send the body in UTF-8.`)
}

/** Returns the position of the first byte that is not UTF-8, by binary search. */
function firstInvalid(bytes: Uint8Array): number {
  let valid = 0
  let invalid = bytes.length
  while (invalid - valid > 1) {
    const middle = (valid + invalid) >> 1
    if (isBeginning(bytes.subarray(0, middle))) valid = middle
    else invalid = middle
  }
  return valid
}

/** Tells whether bytes are UTF-8, which may end within a character. */
function isBeginning(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

/** `length` is null if the end of the body was not reached. */
const tooLarge = (length: number | null, limit: number) =>
  new Refusal(
    'body_too_large',
    `The body has ${length ?? `more than ${limit}`} bytes; this call reads ${limit} bytes at most. Nothing was stored.`,
  )

const tooMany = (limit: number) =>
  new Refusal(
    'too_many_parameters',
    `The body holds more than ${limit} parameters, which is the most. Nothing was stored. Send them in several requests.`,
  )

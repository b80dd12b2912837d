import { quoted, Refusal } from '../errors.ts'
import { countPairs, countValues, FEW_PARAMETERS, SHORT_TEXT } from './count.ts'
import { type Pair, parseForm, plusToSpace } from './form.ts'
import { type JsonShape, parseJson } from './json-body.ts'
import { type BodyFormat, requireAscii, requireMediaType } from './media-type.ts'

/** How much the body of a request may be. */
export interface BodyLimits {
  readonly bytes: number
  readonly parameters: number
}

/** What a call reads of a body. */
export interface BodyRules {
  readonly limits: BodyLimits
  /** Called before more than a small body is read or parsed. It refuses clients that may not make the server do that. */
  readonly admit: () => Promise<void>
}

/** Bytes of a body that are read for any client. A larger one is read only for a client with a live session. */
export const SMALL_BODY = 16_384

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

/** The limits of a call that takes a few fields and no attributes. */
export const fieldLimitsOf = ({ bytes }: BodyLimits): BodyLimits => ({
  bytes: Math.min(bytes, SMALL_BODY),
  parameters: FEW_PARAMETERS,
})

/** Bytes as the text that they encode, or a `TypeError`. A byte order mark stays: it is part of the value. */
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * The bytes of the body of a request. What the head alone shows to be wrong is refused before anything is read. `length` is that of
 * `Content-Length`, or null for a body in chunks.
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
  // To ask for it as a stream would take longer than all the rest of a put.
  return request.bytes()
}

/** The parameters in a body. No bytes, no parameters, whatever type the body was said to have. */
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
 * Refuses a body with more parameters than the limit. They are counted in the text: 1 MiB holds half a million, which as objects would
 * take a hundred times as much memory.
 */
async function requireFew(text: string, format: BodyFormat, { limits, admit }: BodyRules): Promise<void> {
  const count = format === 'form' ? countPairs : countValues
  if (count(text, FEW_PARAMETERS) <= FEW_PARAMETERS) return
  if (count(text, limits.parameters) > limits.parameters) throw tooMany(limits.parameters)
  await admit()
}

const NONE = new Uint8Array()

/**
 * Pieces of a body that are taken in one turn. A body in a million tiny ones would keep everybody else waiting; those that come in while
 * the others have their turn arrive as one.
 */
const PIECES_PER_TURN = 100

/** The bytes of a body that does not say how long it is, read no further than it may be. */
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

/** The first byte that cannot be part of UTF-8, found by halves. */
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

/** Whether bytes are UTF-8 that may end within a character. */
function isBeginning(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true })
    return true
  } catch {
    return false
  }
}

/** `length` is null where the end of the body was not reached. */
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

import type { Server } from 'bun'
import type { Token } from '../session/token.ts'
import { preferredIn } from './accept.ts'
import { type BodyLimits, fieldLimitsOf, parseBody, receiveBody, SMALL_BODY } from './body.ts'
import type { BodyRoom } from './body-room.ts'
import type { Cookie } from './cookie.ts'
import { countPairs, FEW_PARAMETERS, SHORT_TEXT } from './count.ts'
import { type Pair, parseQuery } from './form.ts'
import type { JsonShape } from './json-body.ts'
import type { Proxies } from './proxies.ts'

/**
 * Milliseconds that a large body may take, however steadily it arrives. The runtime's idle timeout ends small
 * ones.
 */
const MAX_BODY_MS = 120_000

/** What an `Ask` needs to know about the server to read itself. */
export interface Reading {
  readonly cookie: Cookie
  readonly proxies: Proxies
  readonly bodyLimits: BodyLimits
  readonly bodyRoom: BodyRoom
}

/** A request and what is derived from it. Whatever most requests do not need is computed on first use. */
export class Ask {
  readonly method: string
  readonly headers: Headers
  /** When the request arrived, by `performance.now()`. */
  readonly begunAt = performance.now()
  /**
   * Never decoded. Bun has resolved `/./`, `/../` and `\` in it; a path of ours contained nothing to resolve.
   */
  readonly path: string
  /** What follows the first `?`. */
  readonly query: string
  /** The header `Content-Length` as it came, or null. */
  readonly contentLength: string | null
  readonly #request: Request
  readonly #server: Server<undefined>
  readonly #reading: Reading
  #peer: string | null = null
  #tokens: readonly Token[] | null = null
  #liveTokens: Promise<readonly Token[]> | null = null
  #requestId: string | null = null
  #body: Promise<Pair[]> | null = null
  #isBodyRead = false
  #isBodyLarge = false

  constructor(request: Request, server: Server<undefined>, reading: Reading) {
    this.method = request.method
    this.headers = request.headers
    this.contentLength = this.headers.get('content-length')
    this.#request = request
    this.#server = server
    this.#reading = reading
    // `http://host/path?query`, or `/path?query` if Host makes no valid URL. `new URL` would cost more than
    // finding the session.
    const { url } = request
    const start = url.startsWith('/') ? 0 : url.indexOf('/', url.indexOf('//') + 2)
    const mark = url.indexOf('?', start)
    this.path = mark === -1 ? url.slice(start) : url.slice(start, mark)
    this.query = mark === -1 ? '' : url.slice(mark + 1)
  }

  /** Path and query. */
  get target(): string {
    return this.query === '' ? this.path : `${this.path}?${this.query}`
  }

  /** The tokens that the request presents, in order. */
  get tokens(): readonly Token[] {
    this.#tokens ??= this.#reading.cookie.tokensOf(this.headers.get('cookie'))
    return this.#tokens
  }

  /** The device cookies that the request presents. */
  get devices(): readonly string[] {
    return this.#reading.cookie.devicesOf(this.headers.get('cookie'))
  }

  /**
   * Returns the tokens for which `find` finds live sessions; it is called once per request. A single token is
   * returned unchecked.
   */
  liveTokens(
    find: (tokens: readonly Token[]) => Promise<readonly Token[]>,
  ): readonly Token[] | Promise<readonly Token[]> {
    if (this.tokens.length < 2) return this.tokens
    this.#liveTokens ??= find(this.tokens)
    return this.#liveTokens
  }

  /**
   * Returns the parameters: those of the query, then, on POST, those of the body. Throws on what cannot be
   * read exactly. Calls `admit`, which may throw, before it reads or parses more than any client may ask of
   * the server.
   */
  params(shape: JsonShape, admit: () => Promise<void>): Pair[] | Promise<Pair[]> {
    if (this.query.length > SHORT_TEXT) return this.#manyParams(shape, admit)
    const pairs = parseQuery(this.query)
    return this.method === 'POST' ? this.#withBody(pairs, shape, admit) : pairs
  }

  async #manyParams(shape: JsonShape, admit: () => Promise<void>): Promise<Pair[]> {
    if (countPairs(this.query, FEW_PARAMETERS) > FEW_PARAMETERS) await admit()
    const pairs = parseQuery(this.query, this.#reading.bodyLimits.parameters)
    return this.method === 'POST' ? this.#withBody(pairs, shape, admit) : pairs
  }

  #withBody(pairs: Pair[], shape: JsonShape, admit: () => Promise<void>): Promise<Pair[]> {
    const body = this.bodyParams(shape, admit)
    return pairs.length === 0 ? body : body.then((more) => pairs.concat(more))
  }

  /**
   * Returns the parameters of the body. The body is read once, in the shape that the first caller asks for.
   */
  bodyParams(shape: JsonShape, admit: () => Promise<void>): Promise<Pair[]> {
    this.#body ??= this.#readBody(shape, admit)
    return this.#body
  }

  async #readBody(shape: JsonShape, admit: () => Promise<void>): Promise<Pair[]> {
    const { bodyLimits } = this.#reading
    const limits = shape === 'fields' ? fieldLimitsOf(bodyLimits) : bodyLimits
    const bytes = await this.#receiveBody(limits, admit)
    this.#isBodyRead = true
    return parseBody(bytes, this.headers, { limits, admit, shape })
  }

  /** Receives the bytes of the body. Meanwhile they take room among all bodies in transit. */
  async #receiveBody(limits: BodyLimits, admit: () => Promise<void>): Promise<Uint8Array> {
    const { small, large } = this.#reading.bodyRoom
    const length = this.contentLength === null ? null : Number(this.contentLength)
    // The runtime buffers the body while the session is looked up, so room is taken first.
    const admitLarge = () => {
      this.#isBodyLarge = true
      large.take(this, length ?? limits.bytes)
      return admit()
    }
    if (length === null || length <= SMALL_BODY) small.take(this, length ?? SMALL_BODY)
    const deadline =
      length === null || length > SMALL_BODY ? setTimeout(() => this.hangUp(), MAX_BODY_MS) : null
    try {
      return await receiveBody(this.#request, length, { limits, admit: admitLarge })
    } finally {
      small.give(this)
      large.keep(this)
      if (deadline !== null) clearTimeout(deadline)
    }
  }

  /** Releases what the request used. Call it when the request is answered. */
  finish(): void {
    if (this.#isBodyLarge) this.#reading.bodyRoom.large.give(this)
  }

  /**
   * Whether the rest of the body may exceed what is ever read. The rest of other bodies is received and
   * dropped: a client that is still sending would otherwise see a broken connection and no response.
   */
  get leavesTooMuch(): boolean {
    if (this.#isBodyRead) return false
    if (this.contentLength === null) return this.headers.has('transfer-encoding')
    return Number(this.contentLength) > this.#reading.bodyLimits.bytes
  }

  /** Drops a body that is not read. Otherwise it would gather in memory until the request is answered. */
  dropBody(): void {
    if (this.method === 'POST' && !this.#request.bodyUsed) void this.#request.body?.cancel().catch(() => {})
  }

  /** The address of the connection: the proxy's, if there is one. */
  get peer(): string {
    this.#peer ??= this.#server.requestIP(this.#request)?.address ?? ''
    return this.#peer
  }

  /** Stores the connection's address, which is unknown after the client hangs up. Costs about 2.5 µs. */
  keepPeer(): void {
    void this.peer
  }

  /** The client's address. */
  get address(): string {
    return this.#reading.proxies.addressOf(this.peer, this.headers.get('x-forwarded-for'))
  }

  /** Connects a response with its log lines. */
  get requestId(): string {
    this.#requestId ??= crypto.randomUUID()
    return this.#requestId
  }

  /** Where the request came from, for the log. */
  get origin(): { readonly requestId: string; readonly address: string } {
    return { requestId: this.requestId, address: this.address }
  }

  /** Allows the connection to stay silent for any time during the response. */
  keepOpen(): void {
    this.#server.timeout(this.#request, 0)
  }

  /** Closes the connection within a few seconds if the client does not read the response. */
  hangUp(): void {
    this.#server.timeout(this.#request, 1)
  }

  /** Whether the client has hung up. */
  get isAborted(): boolean {
    return this.#request.signal.aborted
  }

  /**
   * Whether the request counts as a use of its session. Background requests of a page must not keep an unused
   * login alive.
   */
  get isUse(): boolean {
    return this.headers.get('cloakroom-use') !== 'no'
  }

  get wantsJson(): boolean {
    return preferredIn(this.headers.get('accept')) === 'json'
  }

  get wantsPage(): boolean {
    return preferredIn(this.headers.get('accept')) === 'page'
  }

  /** Whether the client accepts our problem type, and so understands it. */
  get knowsProblems(): boolean {
    return this.headers.get('accept')?.includes('application/problem+json') ?? false
  }
}

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

/** Milliseconds that a large body may take, however steadily it comes. A small one is cut off by the runtime's idle timeout. */
const BODY_TIME = 120_000

/** What an `Ask` needs to know of the server to read itself. */
export interface Reading {
  readonly cookie: Cookie
  readonly proxies: Proxies
  readonly bodyLimits: BodyLimits
  readonly bodyRoom: BodyRoom
}

/** A request while it is answered. What most requests do not need is worked out when it is asked for. */
export class Ask {
  readonly method: string
  readonly headers: Headers
  /** When the request came, by `performance.now()`. */
  readonly begunAt = performance.now()
  /** Never decoded. Bun has resolved `/./`, `/../` and `\` in it; of a path of ours nothing was to be resolved. */
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
    // `http://host/path?query`, or `/path?query` where Host makes no URL. `new URL` would cost more than finding the session.
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

  /** The tokens that the request presents, in its order. */
  get tokens(): readonly Token[] {
    this.#tokens ??= this.#reading.cookie.tokensOf(this.headers.get('cookie'))
    return this.#tokens
  }

  /** The device cookies that the request presents. */
  get devices(): readonly string[] {
    return this.#reading.cookie.devicesOf(this.headers.get('cookie'))
  }

  /** Those of several tokens that `find` finds sessions for, which is asked once for a request. A single one is whatever it is. */
  liveTokens(
    find: (tokens: readonly Token[]) => Promise<readonly Token[]>,
  ): readonly Token[] | Promise<readonly Token[]> {
    if (this.tokens.length < 2) return this.tokens
    this.#liveTokens ??= find(this.tokens)
    return this.#liveTokens
  }

  /**
   * The parameters: those of the query, then, on POST, those of the body. Refuses what cannot be read without a loss. `admit` is called
   * before more is read or parsed than any client may make the server do, and may refuse.
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

  /** The parameters of the body, which is read once, in the shape that is asked for first. */
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

  /** The bytes of the body, while which come it takes room among all bodies that are under way. */
  async #receiveBody(limits: BodyLimits, admit: () => Promise<void>): Promise<Uint8Array> {
    const { small, large } = this.#reading.bodyRoom
    const length = this.contentLength === null ? null : Number(this.contentLength)
    // The runtime gathers what comes while the client is asked for, so there has to be room before.
    const admitLarge = () => {
      this.#isBodyLarge = true
      large.take(this, length ?? limits.bytes)
      return admit()
    }
    if (length === null || length <= SMALL_BODY) small.take(this, length ?? SMALL_BODY)
    const deadline =
      length === null || length > SMALL_BODY ? setTimeout(() => this.hangUp(), BODY_TIME) : null
    try {
      return await receiveBody(this.#request, length, { limits, admit: admitLarge })
    } finally {
      small.give(this)
      large.keep(this)
      if (deadline !== null) clearTimeout(deadline)
    }
  }

  /** Gives back what the request took. To be called when it is answered. */
  finish(): void {
    if (this.#isBodyLarge) this.#reading.bodyRoom.large.give(this)
  }

  /**
   * Whether the rest of the body may be longer than any that is read. Of other bodies the rest is received and dropped: a client that is
   * still sending would find the connection broken, and no answer.
   */
  get leavesTooMuch(): boolean {
    if (this.#isBodyRead) return false
    if (this.contentLength === null) return this.headers.has('transfer-encoding')
    return Number(this.contentLength) > this.#reading.bodyLimits.bytes
  }

  /** Lets go of a body that is not read: else it would gather in memory until the request is answered. */
  dropBody(): void {
    if (this.method === 'POST' && !this.#request.bodyUsed) void this.#request.body?.cancel().catch(() => {})
  }

  /** The address that the connection came from; a proxy's, if there is one. */
  get peer(): string {
    this.#peer ??= this.#server.requestIP(this.#request)?.address ?? ''
    return this.#peer
  }

  /** Keeps the address of the connection, which is unknown once the client has hung up. Costs about 2.5 µs. */
  keepPeer(): void {
    void this.peer
  }

  /** The client's address. */
  get address(): string {
    return this.#reading.proxies.addressOf(this.peer, this.headers.get('x-forwarded-for'))
  }

  /** Leads from an answer to the lines of the log that belong to it. */
  get requestId(): string {
    this.#requestId ??= crypto.randomUUID()
    return this.#requestId
  }

  /** Where the request came from, for the log. */
  get origin(): { readonly requestId: string; readonly address: string } {
    return { requestId: this.requestId, address: this.address }
  }

  /** Lets the connection be silent for however long while it is answered. */
  keepOpen(): void {
    this.#server.timeout(this.#request, 0)
  }

  /** Has the connection closed soon, which takes a few seconds, if the client does not take what is sent. */
  hangUp(): void {
    this.#server.timeout(this.#request, 1)
  }

  /** Whether the client has hung up. */
  get isAborted(): boolean {
    return this.#request.signal.aborted
  }

  /** Whether the request counts as use of its session: what a page asks by itself does not keep a login alive that nobody uses. */
  get isUse(): boolean {
    return this.headers.get('cloakroom-use') !== 'no'
  }

  get wantsJson(): boolean {
    return preferredIn(this.headers.get('accept')) === 'json'
  }

  get wantsPage(): boolean {
    return preferredIn(this.headers.get('accept')) === 'page'
  }

  /** Whether the client names the type of our problems, and so knows them. */
  get knowsProblems(): boolean {
    return this.headers.get('accept')?.includes('application/problem+json') ?? false
  }
}

import type { Server } from 'bun'
import type { Token } from '../session/token.ts'
import { type BodyLimits, readBody } from './body.ts'
import type { Cookie } from './cookie.ts'
import { type JsonShape, type Pair, parseQuery } from './form.ts'
import type { Proxies } from './proxies.ts'

/** What an `Ask` needs to know of the server to read itself. */
export interface Reading {
  readonly cookie: Cookie
  readonly proxies: Proxies
  readonly bodyLimits: BodyLimits
}

/** A request while it is answered. What most requests do not need is worked out when it is asked for. */
export class Ask {
  readonly method: string
  readonly headers: Headers
  /** Never decoded. Bun has resolved `/./`, `/../` and `\` in it; of a path of ours nothing was to be resolved. */
  readonly path: string
  /** What follows the first `?`. */
  readonly query: string
  readonly #request: Request
  readonly #server: Server<undefined>
  readonly #reading: Reading
  #tokens: readonly Token[] | null = null
  #requestId: string | null = null
  #body: Promise<Pair[]> | null = null

  constructor(request: Request, server: Server<undefined>, reading: Reading) {
    this.method = request.method
    this.headers = request.headers
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

  /** The parameters: those of the query, then, on POST, those of the body. Refuses what cannot be read without a loss. */
  params(shape: JsonShape): Pair[] | Promise<Pair[]> {
    const pairs = parseQuery(this.query)
    return this.method === 'POST' ? this.bodyParams(shape).then((more) => pairs.concat(more)) : pairs
  }

  /** Read once, in the shape that is asked for first. */
  bodyParams(shape: JsonShape): Promise<Pair[]> {
    this.#body ??= readBody(this.#request, this.#reading.bodyLimits, shape)
    return this.#body
  }

  /** The address that the connection came from; a proxy's, if there is one. */
  get peer(): string {
    return this.#server.requestIP(this.#request)?.address ?? ''
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
    return this.headers.get('accept')?.includes('application/json') ?? false
  }

  get wantsPage(): boolean {
    return this.headers.get('accept')?.includes('text/html') ?? false
  }
}

import { hostNameFrom, isLoopbackAddress, isLoopbackName, isPrivateName } from './host-names.ts'
import { cleaned } from './shown.ts'

interface HostSettings {
  /** The host of the public URL; null: the settings do not say. */
  readonly publicHost: string | null
  /** What the server listens on. */
  readonly listenHost: string
  /** Further names of the server. */
  readonly more: readonly string[]
}

/** What a request shows about the machine it came from. */
interface Connected {
  readonly peer: string
}

/** How many accepted `Host` headers are cached. Bounded, since clients choose them. */
const MAX_KNOWN_HOSTS = 100

/**
 * Knows which `Host` names are this server's. A page whose name points at this server (DNS rebinding) has the
 * server's origin under that name, so requests under foreign names are refused.
 */
export class Hosts {
  readonly #settings: HostSettings
  readonly #names: ReadonlySet<string>
  /** Accepted `Host` headers, as they came. */
  readonly #known = new Set<string>()

  constructor(settings: HostSettings) {
    this.#settings = settings
    const { publicHost, listenHost, more } = settings
    const names = publicHost === null ? [listenHost, ...more] : [publicHost, ...more]
    this.#names = new Set(names.map((name) => hostNameFrom(name) ?? name))
  }

  /**
   * Tells whether a request with this `Host` is for this server. HTTP/1.0 needs no `Host`; browsers always
   * send one.
   */
  isOurs(host: string | null, from: Connected): boolean {
    if (host === null || host === '' || this.#known.has(host)) return true
    const name = hostNameFrom(host)
    if (name === null) return false
    if (this.#isOurName(name)) {
      if (this.#known.size < MAX_KNOWN_HOSTS) this.#known.add(host)
      return true
    }
    // Programs on this machine may use its local names, whatever names others use.
    return isLoopbackName(name) && isLoopbackAddress(from.peer)
  }

  /** Returns the message for a client whose `Host` is not ours. */
  explain(host: string): string {
    const shown = cleaned(host)
    const name = hostNameFrom(host)
    if (name === null) return `The Host header ${shown} names no host. Nothing happened.`
    const { publicHost, more } = this.#settings
    const line = `hosts = ${JSON.stringify([...more, cleaned(name)]).replaceAll(',', ', ')}`
    return publicHost === null
      ? `This server does not know the host ${shown}. If it is this server's, set public-url to the URL that browsers use, or ${line}.`
      : `This server is ${publicHost}, and the request is for the host ${shown}. Have the proxy pass Host as it came, or set ${line}.`
  }

  #isOurName(name: string): boolean {
    if (this.#names.has(name)) return true
    return this.#settings.publicHost === null
      ? isPrivateName(name)
      : isLoopbackName(name) && isLoopbackName(this.#settings.listenHost)
  }
}

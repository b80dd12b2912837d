/** The cookies of a program, which has no browser to keep them. They are sent to one server alone. */
export class Cookies {
  /** @type {readonly string[]} Each `name=value`. */
  #pairs

  /** @param {string | null} header A `Cookie` header. */
  constructor(header) {
    this.#pairs = (header ?? '').split(';').map(trimmed).filter(Boolean)
  }

  /** A `Cookie` header, or null: there are none. */
  get header() {
    return this.#pairs.length === 0 ? null : this.#pairs.join('; ')
  }

  /**
   * Keeps what an answer sets. A browser shows none of that to its pages, and keeps it itself.
   * @param {Response} answer
   */
  keep({ headers }) {
    for (const line of headers.getSetCookie()) {
      const [pair = '', ...attributes] = line.split(';').map(trimmed)
      const name = pair.slice(0, pair.indexOf('=') + 1)
      const others = this.#pairs.filter((each) => !each.startsWith(name))
      this.#pairs = attributes.some(isExpiry) ? others : [...others, pair]
    }
  }
}

/** @param {string} text */
const trimmed = (text) => text.trim()

/** @param {string} attribute */
function isExpiry(attribute) {
  const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(attribute) ?? []
  if (/^max-age$/i.test(name)) return Number(value) <= 0
  return /^expires$/i.test(name) && Date.parse(value) <= Date.now()
}

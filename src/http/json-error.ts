/** Where a text stops being JSON, counted from 1, and what should stand there. */
export interface JsonError {
  readonly line: number
  readonly column: number
  readonly expected: string
}

const VALUE = 'a value (a string in double quotes, a number, an object, a list, true, false or null)'
const NAME = 'a name in double quotes'
const NAME_OR_END = `${NAME}, or }`
const BLANKS = /[ \t\n\r]+/y

/** Finds the error in a text that is not JSON (RFC 8259). Not recursive, so no nesting is too deep. */
export function jsonErrorIn(text: string): JsonError {
  const scanner = new Scanner(text)
  const expected = scanner.run()
  let line = 1
  let start = 0
  for (let end = text.indexOf('\n'); end !== -1 && end < scanner.at; end = text.indexOf('\n', start)) {
    line++
    start = end + 1
  }
  return { line, column: scanner.at - start + 1, expected }
}

class Scanner {
  /** The position up to which the text is valid. */
  at = 0
  readonly #text: string
  /** The closing characters of all open objects and lists. */
  readonly #ends: string[] = []

  constructor(text: string) {
    this.#text = text
  }

  /** Reads as far as the text is JSON. Returns what should follow there. */
  run(): string {
    for (;;) {
      const missing = this.#value()
      if (missing !== null) return missing
      const next = this.#afterValue()
      if (next !== null) return next
    }
  }

  /** Reads a value, or its beginning up to the first simple value. */
  #value(): string | null {
    for (;;) {
      if (this.#takes('[')) {
        if (this.#takes(']')) return null
        this.#ends.push(']')
      } else if (this.#takes('{')) {
        if (this.#takes('}')) return null
        this.#ends.push('}')
        const missing = this.#name(NAME_OR_END)
        if (missing !== null) return missing
      } else return this.#simple()
    }
  }

  /** Reads what ends values, up to the comma before the next one. */
  #afterValue(): string | null {
    for (;;) {
      const end = this.#ends.at(-1)
      if (end === undefined) return 'the end of the body'
      if (this.#takes(',')) return end === '}' ? this.#name(NAME) : null
      if (!this.#takes(end)) return `a comma or ${end}`
      this.#ends.pop()
    }
  }

  /** Reads a name and its colon. */
  #name(expected: string): string | null {
    this.#skip(BLANKS)
    if (this.#text[this.at] !== '"') return expected
    return this.#string() ?? (this.#takes(':') ? null : 'a colon')
  }

  #simple(): string | null {
    if (this.#text[this.at] === '"') return this.#string()
    if (this.#skip(/-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y)) return null
    return this.#skip(/true|false|null/y) ? null : VALUE
  }

  #string(): string | null {
    this.at++
    for (;;) {
      this.#skip(/[ !#-[\]-\uffff]*/y)
      const char = this.#text[this.at]
      if (char === '"') {
        this.at++
        return null
      }
      if (char === undefined) return 'the double quote at the end of a string'
      if (char !== '\\') return 'a control character in a string as \\n, \\t or \\u and four digits'
      if (!this.#skip(/\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y))
        return 'an escape that JSON knows, such as \\n or \\\\'
    }
  }

  /** Skips white space and, if it comes next, a character. */
  #takes(char: string): boolean {
    if (this.#text[this.at] !== char) this.#skip(BLANKS)
    if (this.#text[this.at] !== char) return false
    this.at++
    return true
  }

  /** Skips what matches at this position. */
  #skip(pattern: RegExp): boolean {
    pattern.lastIndex = this.at
    if (!pattern.test(this.#text)) return false
    this.at = pattern.lastIndex
    return true
  }
}

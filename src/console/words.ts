const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** Seconds of each unit, the largest first. */
const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** An instant as people say it: «3 minutes ago», «in 2 hours», «just now». */
export function inWords(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1_000)
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  if (Math.abs(seconds) < 10) return 'just now'
  return seconds < 0 ? 'less than a minute ago' : 'in less than a minute'
}

/** An instant, exactly, in the reader's own zone. */
export const exactly = (at: number): string =>
  new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' }).format(at)

/** An instant as a page can tell it that does not know the reader's zone: in UTC, to the minute. */
export const inUtc = (at: number): string =>
  `${new Date(at).toISOString().slice(0, 16).replace('T', ' ')} UTC`

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** A number with a point between thousands, and one digit of a fraction at most. */
export const shownNumber = (n: number): string => numbers.format(n)

const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** A duration, given in milliseconds. */
export const shownMillis = (ms: number): string =>
  ms < 1 ? `${digits.format(ms * 1_000)} µs` : `${digits.format(ms)} ms`

/** A number and the thing that it counts: «1 session», «1,204 sessions». */
export const counted = (n: number, one: string): string => `${shownNumber(n)} ${one}${n === 1 ? '' : 's'}`

const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

export function shownBytes(bytes: number): string {
  const power = bytes < 1_024 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${shownNumber(bytes / 1_024 ** power)} ${SIZES[power]}`
}

const encoder = new TextEncoder()

/** Bytes of an attribute, as limits count them. */
export const sizeOf = (key: string, value: string): number =>
  encoder.encode(key).byteLength + encoder.encode(value).byteLength

/** The browser that a user agent names. Many name others too, so the first of these that is found counts. */
const BROWSERS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\bFirefox\/|\bFxiOS\//, 'Firefox'],
  [/Chrome\/|\bCriOS\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
]

const SYSTEMS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bWindows\b/, 'Windows'],
  [/\bAndroid\b/, 'Android'],
  [/\biPad\b/, 'iPad'],
  [/\biPhone\b/, 'iPhone'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
]

/** What a user agent is to a person: «Firefox on Linux», or its own first word, such as «curl/8.5.0». It proves nothing: it can be made up. */
export function deviceOf(userAgent: string): string {
  const nameIn = (all: typeof BROWSERS) => all.find(([pattern]) => pattern.test(userAgent))?.[1]
  const browser = nameIn(BROWSERS)
  const system = nameIn(SYSTEMS)
  if (browser !== undefined) return system === undefined ? browser : `${browser} on ${system}`
  return userAgent.trim() === '' ? 'A program' : (userAgent.trim().split(' ')[0] ?? '').slice(0, 60)
}

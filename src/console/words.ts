const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' })

/** Seconds of each unit, largest first. */
const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, seconds: number])[] = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
]

/** Describes an instant in words: “3 minutes ago”, “in 2 hours”, “just now”. */
export function inWords(at: number, now: number): string {
  const seconds = Math.round((at - now) / 1_000)
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return relative.format(Math.trunc(seconds / size), unit)
  }
  return seconds < 10 ? 'just now' : 'in less than a minute'
}

const EXACT = { dateStyle: 'medium', timeStyle: 'medium' } as const
const local = new Intl.DateTimeFormat('en-GB', EXACT)
const utc = new Intl.DateTimeFormat('en-GB', { ...EXACT, timeZone: 'UTC' })

/** Formats an instant to the second, in the reader's time zone: “1 Dec 2026, 14:03:22”. */
export const exactly = (at: number): string => local.format(at)

/** The same for a page that does not know the reader's zone. */
export const inUtc = (at: number): string => `${utc.format(at)} UTC`

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })

/** Formats an instant as hours and minutes, in the reader's time zone. */
export const shownClock = (at: number): string => clock.format(at)

const numbers = new Intl.NumberFormat('en', { maximumFractionDigits: 1 })

/** Formats a number with commas between thousands, and at most one decimal. */
export const shownNumber = (n: number): string => numbers.format(n)

const digits = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 })

/** Formats a duration, given in milliseconds. */
export const shownMillis = (ms: number): string =>
  ms < 1 ? `${digits.format(ms * 1_000)} µs` : `${digits.format(ms)} ms`

/** Formats a number with the thing that it counts: “1 session”, “1,204 sessions”. */
export const counted = (n: number, one: string): string => `${shownNumber(n)} ${one}${n === 1 ? '' : 's'}`

const SIZES = ['bytes', 'KiB', 'MiB', 'GiB', 'TiB']

export function shownBytes(bytes: number): string {
  if (bytes === 1) return '1 byte'
  const power = bytes < 1_024 ? 0 : Math.min(SIZES.length - 1, Math.floor(Math.log2(bytes) / 10))
  return `${shownNumber(bytes / 1_024 ** power)} ${SIZES[power]}`
}

const encoder = new TextEncoder()

/** Bytes of an attribute, as limits count them. */
export const sizeOf = (key: string, value: string): number =>
  encoder.encode(key).byteLength + encoder.encode(value).byteLength

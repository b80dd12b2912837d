/**
 * The attributes of a session as one text, so that most sessions are one row: two NULs, the key, a NUL and the value, for each. Neither
 * keys nor values can hold a NUL, and no key is empty, so two NULs before a key and one behind it stand nowhere else.
 */
export type Packed = string

/** Attributes as they cross to the thread that writes. */
export type Pairs = readonly (readonly [key: string, value: string])[]

/** NULs of an attribute before its value. */
const MARKS = 3

/** Bytes of a text that is kept: about a page of the file. With more, an attribute is a row, so that a put costs by what it changes. */
const LARGEST = 4_096

export const NOTHING: Packed = ''

/** Whether attributes are few enough to be kept as one text. */
export const isSmall = (packed: Packed): boolean => Buffer.byteLength(packed) <= LARGEST

/** Where an attribute stands: its first NUL, the begin and the end of its value; null: it is not there. */
function find(packed: Packed, key: string): readonly [at: number, from: number, to: number] | null {
  const at = packed.indexOf(`\0\0${key}\0`)
  if (at === -1) return null
  const from = at + key.length + MARKS
  return [at, from, endOf(packed, from)]
}

function endOf(packed: Packed, from: number): number {
  const to = packed.indexOf('\0', from)
  return to === -1 ? packed.length : to
}

export function valueIn(packed: Packed, key: string): string | undefined {
  const place = find(packed, key)
  return place === null ? undefined : packed.slice(place[1], place[2])
}

export function unpack(packed: Packed): Map<string, string> {
  const attributes = new Map<string, string>()
  for (let at = 0; at < packed.length; ) {
    const from = packed.indexOf('\0', at + 2) + 1
    const to = endOf(packed, from)
    attributes.set(packed.slice(at + 2, from - 1), packed.slice(from, to))
    at = to
  }
  return attributes
}

/** With these attributes added, or their values replaced. */
export const withValues = (packed: Packed, pairs: Pairs): Packed =>
  pairs.reduce((text, [key, value]) => withValue(text, key, value), packed)

function withValue(packed: Packed, key: string, value: string): Packed {
  const place = find(packed, key)
  if (place === null) return `${packed}\0\0${key}\0${value}`
  return packed.slice(0, place[1]) + value + packed.slice(place[2])
}

export function without(packed: Packed, key: string): Packed {
  const place = find(packed, key)
  return place === null ? packed : packed.slice(0, place[0]) + packed.slice(place[2])
}

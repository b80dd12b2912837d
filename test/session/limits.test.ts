import { expect, test } from 'bun:test'
import { Refusal, type RefusalCode } from '../../src/errors.ts'
import { type Limits, requireAttributes, requireKeys } from '../../src/session/limits.ts'

const limits: Limits = {
  keyBytes: 8,
  valueBytes: 16,
  attributes: 3,
  sessionBytes: 1_000,
  userBytes: 1_000,
  shareBytes: 1_000,
}

/** The code of the refusal, or null: it was not refused. */
function codeOf(check: () => unknown): RefusalCode | null {
  try {
    check()
    return null
  } catch (error) {
    if (error instanceof Refusal) return error.code
    throw error
  }
}

const codeOfPut = (...pairs: readonly (readonly [string, string])[]) =>
  codeOf(() => requireAttributes(pairs, limits))

test('of a key that comes twice the last value stands', () => {
  const pairs = [
    ['a', '1'],
    ['b', '2'],
    ['a', '3'],
  ] as const
  expect(requireAttributes(pairs, limits)).toEqual(
    new Map([
      ['a', '3'],
      ['b', '2'],
    ]),
  )
})

test('a put of nothing is refused', () => {
  expect(codeOfPut()).toBe('nothing_to_put')
})

test('a key has one byte at least and as many as the limit says, counted in UTF-8', () => {
  expect(codeOfPut(['', 'x'])).toBe('invalid_key')
  expect(codeOfPut(['x', ''])).toBeNull()
  expect(codeOfPut(['12345678', ''])).toBeNull()
  expect(codeOfPut(['123456789', ''])).toBe('key_too_large')
  expect(codeOfPut(['👩👩', ''])).toBeNull()
  expect(codeOfPut(['👩👩x', ''])).toBe('key_too_large')
  expect(codeOfPut(['éééé', ''])).toBeNull()
  expect(codeOfPut(['ééééé', ''])).toBe('key_too_large')
})

test('a value has as many bytes as the limit says, counted in UTF-8', () => {
  expect(codeOfPut(['a', 'x'.repeat(16)])).toBeNull()
  expect(codeOfPut(['a', 'x'.repeat(17)])).toBe('value_too_large')
  expect(codeOfPut(['a', '漢'.repeat(5)])).toBeNull()
  expect(codeOfPut(['a', '漢'.repeat(6)])).toBe('value_too_large')
})

test('what is no Unicode text is neither key nor value', () => {
  for (const text of ['\0', 'a\0', '\ud83d', '\ude00a', 'a\ud83d']) {
    expect(codeOfPut([text, 'x'])).toBe('invalid_key')
    expect(codeOfPut(['a', text])).toBe('invalid_value')
    expect(codeOf(() => requireKeys([text]))).toBe('invalid_key')
  }
})

test('names that mean something to a language are ordinary keys', () => {
  const wide = { ...limits, keyBytes: 100, attributes: 10 }
  const keys = ['__proto__', 'constructor', 'toString', '0', ' ', '\ufeff']
  const pairs = keys.map((key) => [key, 'x'] as const)
  expect([...requireAttributes(pairs, wide).keys()]).toEqual(keys)
  for (const key of keys) expect(codeOf(() => requireKeys([key]))).toBeNull()
})

test('the CSRF token’s name can be asked for and cannot be put, and its like are ordinary keys', () => {
  const wide = { ...limits, keyBytes: 100 }
  expect(codeOf(() => requireAttributes([['CSRFToken', 'x']], wide))).toBe('reserved_attribute')
  expect(codeOf(() => requireKeys(['CSRFToken']))).toBeNull()
  for (const like of ['csrftoken', 'CSRFToken ', 'CSRFTOKEN']) {
    expect(codeOf(() => requireAttributes([[like, 'x']], wide))).toBeNull()
  }
})

test('a put has as many attributes as the limit says, and a key that comes twice counts once', () => {
  const pairs = ['a', 'b', 'c', 'd'].map((key) => [key, ''] as const)
  expect(codeOfPut(...pairs.slice(0, 3))).toBeNull()
  expect(codeOfPut(...pairs.slice(0, 3), ...pairs.slice(0, 3))).toBeNull()
  expect(codeOfPut(...pairs)).toBe('too_many_attributes')
})

test('one bad pair refuses the whole put', () => {
  expect(codeOfPut(['a', '1'], ['', '2'])).toBe('invalid_key')
  expect(codeOfPut(['a', '1'], ['b', '\0'], ['c', '3'])).toBe('invalid_value')
})

test('the message names the key, shortened to what can be read', () => {
  const long = '👩'.repeat(500)
  try {
    requireAttributes([[long, 'x']], limits)
    throw new Error('It was not refused.')
  } catch (error) {
    expect(error).toBeInstanceOf(Refusal)
    expect(String(error)).toContain('"👩')
    expect(String(error).length).toBeLessThan(200)
    expect(String(error).isWellFormed()).toBe(true)
  }
})

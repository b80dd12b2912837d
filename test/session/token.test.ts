import { expect, test } from 'bun:test'
import fc from 'fast-check'
import {
  csrfTokenOf,
  idOf,
  isPreLoginToken,
  isProtected,
  isSame,
  looksLikeToken,
  newPreLoginToken,
  newToken,
} from '../../src/session/token.ts'

const now = Date.UTC(2030, 0, 1)
const MAX_AGE = 60_000

test('a token is a letter and 256 random bits, fit for a cookie as it is, and never the same', () => {
  const tokens = Array.from({ length: 1_000 }, (_, i) => newToken(i % 2 === 0))
  for (const token of tokens) expect(token).toMatch(/^[su][\w-]{43}$/)
  expect(new Set(tokens).size).toBe(1_000)
})

test('a token says whether its session is protected, and only a login that asked for it is not', () => {
  expect(isProtected(newToken(true))).toBe(true)
  expect(isProtected(newToken(false))).toBe(false)
  expect(isProtected(newPreLoginToken('secret', now))).toBe(false)
})

test('the id of a token is its SHA-256 in base64url', () => {
  // sha256("abc") of FIPS 180-4, B.1.
  expect(idOf('abc')).toBe(
    Buffer.from('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad', 'hex').toString(
      'base64url',
    ),
  )
  expect(idOf(newToken(true))).toHaveLength(43)
})

test('a token whose letter is changed is another token', () => {
  const token = newToken(true)
  expect(idOf(`u${token.slice(1)}`)).not.toBe(idOf(token))
})

test('the CSRF token is the same for a token each time, another for another, and neither the token nor its id', () => {
  const [a, b] = [newToken(true), newToken(true)]
  expect(csrfTokenOf(a)).toBe(csrfTokenOf(a))
  expect(csrfTokenOf(a)).not.toBe(csrfTokenOf(b))
  expect(csrfTokenOf(a)).toMatch(/^[\w-]{43}$/)
  expect([a, a.slice(1), idOf(a)]).not.toContain(csrfTokenOf(a))
})

test('a pre-login token is one for less than its longest age, and up to a minute before its instant', () => {
  const token = newPreLoginToken('secret', now)
  for (const at of [now - 60_000, now - 1, now, now + 1, now + MAX_AGE - 1]) {
    expect(isPreLoginToken(token, 'secret', at, MAX_AGE)).toBe(true)
  }
  for (const at of [now - 60_001, now + MAX_AGE, now + 10 * MAX_AGE]) {
    expect(isPreLoginToken(token, 'secret', at, MAX_AGE)).toBe(false)
  }
})

test('a pre-login token keeps its instant to the millisecond, from the epoch to the far future', () => {
  for (const at of [0, 1, 2 ** 32 - 1, 2 ** 32, now, 2 ** 48 - 2]) {
    const token = newPreLoginToken('secret', at)
    expect(isPreLoginToken(token, 'secret', at, 1)).toBe(true)
    expect(isPreLoginToken(token, 'secret', at + 1, 1)).toBe(false)
  }
})

test('a pre-login token of another secret is none', () => {
  const token = newPreLoginToken('secret', now)
  for (const secret of ['Secret', 'secret ', '']) {
    expect(isPreLoginToken(token, secret, now, MAX_AGE)).toBe(false)
  }
})

test('a pre-login token that was changed in any one place is none', () => {
  const token = newPreLoginToken('secret', now)
  for (let i = 0; i < token.length; i++) {
    const other = token[i] === 'A' ? 'B' : 'A'
    const changed = token.slice(0, i) + other + token.slice(i + 1)
    expect(isPreLoginToken(changed, 'secret', now, MAX_AGE)).toBe(false)
  }
})

test('a pre-login token with anything before, behind or missing is none', () => {
  const token = newPreLoginToken('secret', now)
  for (const changed of [
    `${token}A`,
    `A${token}`,
    token.slice(0, -1),
    token.slice(1),
    `${token}\n`,
    `${token}=`,
  ]) {
    expect(isPreLoginToken(changed, 'secret', now, MAX_AGE)).toBe(false)
  }
})

test('pre-login tokens of one instant differ', () => {
  const tokens = Array.from({ length: 1_000 }, () => newPreLoginToken('secret', now))
  expect(new Set(tokens).size).toBe(1_000)
})

test('no other text is a pre-login token, and none makes it throw', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ minLength: 90, maxLength: 100 })),
      (text) => {
        expect(isPreLoginToken(text, 'secret', now, MAX_AGE)).toBe(false)
        expect(isPreLoginToken(newToken(true), 'secret', now, MAX_AGE)).toBe(false)
      },
    ),
  )
})

test('every kind of token looks like one', () => {
  for (const token of [newToken(true), newToken(false), newPreLoginToken('secret', now)]) {
    expect(looksLikeToken(token)).toBe(true)
  }
  for (const text of ['', 's', newToken(true).slice(1), `${newToken(true)}A`]) {
    expect(looksLikeToken(text)).toBe(false)
  }
})

test('texts are the same only if they are equal, of whatever length and in whatever alphabet', () => {
  expect(isSame('', '')).toBe(true)
  expect(isSame('é👩', 'é👩')).toBe(true)
  for (const [a, b] of [
    ['a', 'b'],
    ['a', 'ab'],
    ['', 'a'],
    ['é', 'e\u0301'],
    ['a', 'é'],
    ['ab', 'é'],
  ] as const) {
    expect(isSame(a, b)).toBe(false)
    expect(isSame(b, a)).toBe(false)
  }
})

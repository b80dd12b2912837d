import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Millis } from '../store/store.ts'
import { CLOCK_LEEWAY } from './lifetime.ts'

/**
 * The secret in the cookie: 256 random bits in base64url, after one letter that states its kind. The store
 * need not keep the letter, and a client cannot change it, since the store knows the hash of the whole.
 *
 * - `s`: a session with CSRF protection;
 * - `u`: a session without;
 * - `S`, `U`: the same, from a login with a first password, whose user may still have to choose another;
 * - `p`: issued before a login, signed by this server; if a program keeps it for its login, a session without
 *   CSRF protection.
 */
export type Token = string

const RANDOM_BYTES = 32

/** Returns a token for a login. `isFirst`: the login used a first password. */
export const newToken = (isProtected: boolean, isFirst = false): Token => {
  const letter = isProtected ? 's' : 'u'
  return (isFirst ? letter.toUpperCase() : letter) + randomBytes(RANDOM_BYTES).toString('base64url')
}

/** Tells whether a login with this token has CSRF protection. */
export const isProtected = (token: Token): boolean => token.startsWith('s') || token.startsWith('S')

/** Tells whether the login with this token used a first password. */
export const isOfFirstPassword = (token: Token): boolean => token.startsWith('S') || token.startsWith('U')

/** Returns the hash of a token, the only form that a store sees. */
export const idOf = (token: Token): string => hash('sha256', token, 'base64url')

/**
 * Derived from the session's token, so it is stored nowhere, changes at login and cannot be computed from
 * what a store knows. The prefix comes before the token: an attacker who knows the hash of a text can compute
 * that of some longer texts.
 */
export const csrfTokenOf = (token: Token): string => hash('sha256', `CSRFToken ${token}`, 'base64url')

/** Compares in constant time, so that the duration does not tell how much was right. */
export function isSame(a: string, b: string): boolean {
  const x = Buffer.from(a)
  const y = Buffer.from(b)
  return x.length === y.length && timingSafeEqual(x, y)
}

/** 43 characters of randomness, 8 of time, 43 of signature. */
const PRE_LOGIN = /^p([\w-]{43})([\w-]{8})([\w-]{43})$/

const sign = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('base64url')

/**
 * Returns a token for a visitor without a login. The token itself proves who issued it and when, so no store
 * keeps it.
 */
export function newPreLoginToken(secret: string, now: Millis): Token {
  const time = Buffer.alloc(6)
  time.writeUIntBE(now, 0, 6)
  const text = `p${randomBytes(RANDOM_BYTES).toString('base64url')}${time.toString('base64url')}`
  return text + sign(secret, text)
}

/** Tells whether a token was issued before a login. If it has a session, a program kept it. */
export const isPreLogin = (token: Token): boolean => token.startsWith('p')

/**
 * Tells whether the token was issued with this secret less than `maxAge` milliseconds ago. Accepts an instant
 * up to a minute in the future, since a node with a faster clock may have issued it.
 */
export function isPreLoginToken(token: Token, secret: string, now: Millis, maxAge: Millis): boolean {
  const [, random, time, signature] = PRE_LOGIN.exec(token) ?? []
  if (random === undefined || time === undefined || signature === undefined) return false
  const issuedAt = Buffer.from(time, 'base64url').readUIntBE(0, 6)
  return (
    isSame(signature, sign(secret, `p${random}${time}`)) &&
    issuedAt <= now + CLOCK_LEEWAY &&
    now < issuedAt + maxAge
  )
}

/** Tells whether a string could be a token. Anything else need not be looked up. */
export const looksLikeToken = (text: string): boolean => text.length === 44 || text.length === 95

import { createHmac, hash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Millis } from '../store/store.ts'
import { CLOCK_LEEWAY } from './lifetime.ts'

/**
 * The secret in the cookie: 256 random bits, base64url, behind one letter that says what it is. The letter needs no place in the
 * store and cannot be altered, since the store only knows the hash of the whole.
 *
 * - `s`: a session with CSRF protection;
 * - `u`: a session without;
 * - `S`, `U`: the same, of a login with a first password, whose user may still have to choose another;
 * - `p`: issued before a login, signed by this server; if a program keeps it for its login, a session without CSRF protection.
 */
export type Token = string

const RANDOM_BYTES = 32

/** A token for a login. `isFirst`: it was one with a first password. */
export const newToken = (isProtected: boolean, isFirst = false): Token => {
  const letter = isProtected ? 's' : 'u'
  return (isFirst ? letter.toUpperCase() : letter) + randomBytes(RANDOM_BYTES).toString('base64url')
}

/** Whether a login with this token has CSRF protection. */
export const isProtected = (token: Token): boolean => token.startsWith('s') || token.startsWith('S')

/** Whether the login with this token was one with a first password. */
export const isOfFirstPassword = (token: Token): boolean => token.startsWith('S') || token.startsWith('U')

/** The only form of a token that a store sees. */
export const idOf = (token: Token): string => hash('sha256', token, 'base64url')

/**
 * Derived from the session's token, so that it is kept nowhere, changes at login and cannot be computed from what a store knows. What
 * is hashed with the token comes before it: whoever knows the hash of a beginning knows that of some longer texts, too.
 */
export const csrfTokenOf = (token: Token): string => hash('sha256', `CSRFToken ${token}`, 'base64url')

/** Compares in a time that does not tell how much of it was right. */
export function isSame(a: string, b: string): boolean {
  const x = Buffer.from(a)
  const y = Buffer.from(b)
  return x.length === y.length && timingSafeEqual(x, y)
}

/** 43 characters of randomness, 8 of time, 43 of signature. */
const PRE_LOGIN = /^p([\w-]{43})([\w-]{8})([\w-]{43})$/

const sign = (secret: string, text: string) => createHmac('sha256', secret).update(text).digest('base64url')

/** A token for a visitor who has not logged in. It proves by itself who issued it and when, so no store need remember it. */
export function newPreLoginToken(secret: string, now: Millis): Token {
  const time = Buffer.alloc(6)
  time.writeUIntBE(now, 0, 6)
  const text = `p${randomBytes(RANDOM_BYTES).toString('base64url')}${time.toString('base64url')}`
  return text + sign(secret, text)
}

/** Whether a token was issued before a login. If it has a session, a program kept it. */
export const isPreLogin = (token: Token): boolean => token.startsWith('p')

/**
 * Whether it was issued with this secret, and less than `maxAge` milliseconds ago. A node whose clock is ahead may have issued it:
 * an instant up to a minute in the future is accepted.
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

/** Whether a string could be a token: everything else need not be looked for. */
export const looksLikeToken = (text: string): boolean => text.length === 44 || text.length === 95

import { ErrorReply } from 'redis'
import { StoreFault } from '../../errors.ts'

/** The connection ended, or was never made. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

const beginsWith = (error: unknown, words: RegExp) => error instanceof Error && words.test(error.message)

/** Whether it was Redis that said it; else nobody knows what became of the command. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof ErrorReply || error instanceof StoreFault

/** Redis does not know the script yet, and has done nothing. */
export const isUnknownScript = (error: unknown): boolean => beginsWith(error, /^NOSCRIPT/)

/** The key is elsewhere in the cluster, and nothing was done. */
export const isElsewhere = (error: unknown): boolean => beginsWith(error, /^(MOVED|ASK) /)

/** What answers is not, or no longer, the server that should: another has become the primary. */
export const isDemoted = (error: unknown): boolean => beginsWith(error, /^(READONLY|MASTERDOWN)/)

/** It wants a password first. */
export const isLoginMissing = (error: unknown): boolean => beginsWith(error, /^NOAUTH/)

/** Whatever made a command fail, as the fault that it is. */
export function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error
  const message = error instanceof Error ? error.message : String(error)
  if (/^OOM|No space left on device/.test(message)) {
    return new StoreFault('store_full', `Redis has no room left: ${message}`, error)
  }
  return new StoreFault('store_unavailable', `Redis cannot be used: ${message}`, error)
}

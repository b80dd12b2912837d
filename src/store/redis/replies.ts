import { ClientClosedError, ClientOfflineError, ErrorReply } from 'redis'
import { StoreFault } from '../../errors.ts'

/** The connection ended, or was never made. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

export const noAnswerIn = (millis: number) => new ConnectionLost(`no answer in ${millis} ms`)

const beginsWith = (error: unknown, words: RegExp) => error instanceof Error && words.test(error.message)

/** Whether it was Redis that said it; else nobody knows what became of the command. */
export const isAnswer = (error: unknown): boolean =>
  error instanceof ErrorReply || error instanceof StoreFault

/** Whether what was sent may still arrive, though nobody waits for its answer. */
export const isOnItsWay = (error: unknown): boolean =>
  !(isAnswer(error) || error instanceof ClientClosedError || error instanceof ClientOfflineError)

/** A script that writes came after its deadline, and nothing was done. */
export const isLate = (error: unknown): boolean => beginsWith(error, /^LATE /)

/** Redis does not know the script yet, and has done nothing. */
export const isUnknownScript = (error: unknown): boolean => beginsWith(error, /^NOSCRIPT/)

/** The key has gone to another node of the cluster for good, and nothing was done. */
export const isMoved = (error: unknown): boolean => beginsWith(error, /^MOVED /)

/** Where a command has to go that was not done since its slot is on the way there, `host:port` or `:port` on the same host; or null. */
export const askedFor = (error: unknown): string | null =>
  error instanceof Error ? (/^ASK \d+ (\S*:\d+)$/.exec(error.message)?.[1] ?? null) : null

/** Some of the keys are here and some elsewhere, for as long as their slot is on its way, and nothing was done. */
export const isDivided = (error: unknown): boolean => beginsWith(error, /^TRYAGAIN/)

/** The script came upon a key that has gone ahead with its slot. */
export const isStranded = (error: unknown): boolean =>
  beginsWith(error, /^ERR Script attempted to access a non local key/)

/** What answers is not, or no longer, the server that should: another has become the primary. */
export const isDemoted = (error: unknown): boolean => beginsWith(error, /^(READONLY|MASTERDOWN)/)

/** It is not what it was taken for, or too old. */
export const isUnknownCommand = (error: unknown): boolean => beginsWith(error, /^ERR unknown command/)

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

import { StoreFault } from '../../errors.ts'
import { LATE } from './deadline.ts'

/** What is known of an error of the client: a word of its own, and the five characters by which PostgreSQL names what it declines. */
export interface Failure {
  readonly code: string
  readonly sqlState: string
  readonly message: string
}

export function failureOf(error: unknown): Failure {
  const { code, errno, message } = (error ?? {}) as { code?: unknown; errno?: unknown; message?: unknown }
  return { code: String(code ?? ''), sqlState: String(errno ?? ''), message: String(message ?? error) }
}

/** PostgreSQL's words for a disk that has no room. */
const DISK_FULL = '53100'

/** The fault that a failed statement is. */
export function faultOf(error: unknown): StoreFault {
  if (error instanceof StoreFault) return error
  const { sqlState, message } = failureOf(error)
  const code = sqlState === DISK_FULL ? 'store_full' : 'store_unavailable'
  return new StoreFault(code, `The database did not do it: ${message}`, error)
}

/** Whether the server gave up a statement that took too long, and so undid it. */
export const isUndone = (error: unknown): boolean => failureOf(error).sqlState === '57014'

/** Whether a change came when its time was over, and so did not happen. */
export const isLate = (error: unknown): boolean => failureOf(error).sqlState === LATE

/** What is said to a connection that is being cut: by the server's administrator, by its crash, by the network. */
const CUT = ['57P01', '57P02', 'ERR_POSTGRES_CONNECTION_CLOSED']

/** Whether a statement failed because its connection was cut, so that nobody knows whether it happened. */
export const isCut = (error: unknown): boolean => {
  const { code, sqlState } = failureOf(error)
  return CUT.includes(code) || CUT.includes(sqlState)
}

import { isIPv6 } from 'node:net'
import pLimit, { type LimitFunction } from 'p-limit'
import { RateLimiterMemory, type RateLimiterRes } from 'rate-limiter-flexible'
import { Refusal } from '../errors.ts'
import type { Millis } from '../store/store.ts'

/** So many wrong passwords in so many milliseconds; then none is tried until that time is over. */
export interface Allowance {
  readonly attempts: number
  readonly window: Millis
}

/**
 * Slows the guessing of passwords: per address, and per user and address together, never per user alone, so that a stranger cannot
 * lock a user out who comes from elsewhere. Only wrong passwords count. Attempts for one user from one address wait for each other, so
 * that many at once are no way around, and a program that logs in often with the right password is never refused.
 */
export class Throttle {
  readonly #ofUser: RateLimiterMemory
  readonly #ofAddress: RateLimiterMemory
  /** Who waits for whom, per user and address; only as long as somebody does. */
  readonly #turns = new Map<string, LimitFunction>()

  constructor(ofUser: Allowance, ofAddress: Allowance) {
    this.#ofUser = limiterOf(ofUser)
    this.#ofAddress = limiterOf(ofAddress)
  }

  /** Does what checks a password, or refuses to, with the time after which the next attempt is worth while. */
  async attempt<T>(uname: string, address: string, check: () => Promise<T>): Promise<T> {
    const network = networkOf(address)
    const key = keyOf(uname, network)
    // Here too, so that an address which has used up its attempts leaves no trace in memory for each name it makes up.
    await requireLeft(this.#ofAddress, network)
    return this.#inTurn(key, async () => {
      await requireLeft(this.#ofUser, key)
      // Counted before and given back: those of other users from this address do not wait.
      await consume(this.#ofAddress, network)
      try {
        const result = await check()
        await this.#ofUser.delete(key)
        await this.#ofAddress.reward(network)
        return result
      } catch (error) {
        await (isWrong(error) ? this.#ofUser.penalty(key) : this.#ofAddress.reward(network))
        throw error
      }
    })
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(key) ?? pLimit(1)
    this.#turns.set(key, turn)
    try {
      return await turn(work)
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(key)
    }
  }
}

const isWrong = (error: unknown) =>
  error instanceof Refusal && (error.code === 'wrong_credentials' || error.code === 'wrong_password')

const limiterOf = ({ attempts, window }: Allowance) =>
  new RateLimiterMemory({ points: attempts, duration: window / 1000 })

async function requireLeft(limiter: RateLimiterMemory, key: string): Promise<void> {
  const used = await limiter.get(key)
  if (used !== null && used.consumedPoints >= limiter.points) throw tooMany(used)
}

async function consume(limiter: RateLimiterMemory, key: string): Promise<void> {
  try {
    await limiter.consume(key)
  } catch (refused) {
    throw refused instanceof Error ? refused : tooMany(refused as RateLimiterRes)
  }
}

function tooMany({ msBeforeNext }: RateLimiterRes): Refusal {
  const seconds = Math.max(1, Math.ceil(msBeforeNext / 1000))
  return new Refusal(
    'too_many_attempts',
    `Too many attempts to log in. Try again in ${seconds} seconds.`,
    seconds,
  )
}

/** A name may hold any character, so it is told apart from the address by its length. */
const keyOf = (uname: string, network: string) => `${uname.length} ${uname} ${network}`

/** One household or host has a whole /64 of IPv6: its first four groups stand for all of it. */
export function networkOf(address: string): string {
  if (!isIPv6(address)) return address
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)
  if (mapped?.[1] !== undefined) return mapped[1]
  const [head = '', tail] = address.split('::')
  const groups = head === '' ? [] : head.split(':')
  const behind = tail === undefined || tail === '' ? [] : tail.split(':')
  if (tail !== undefined)
    groups.push(...Array<string>(8 - groups.length - behind.length).fill('0'), ...behind)
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}

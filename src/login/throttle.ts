import { hash } from 'node:crypto'
import { isIPv6 } from 'node:net'
import pLimit, { type LimitFunction } from 'p-limit'
import { Refusal } from '../errors.ts'
import type { Clock } from '../session/lifetime.ts'
import type { Counter, Millis, Store } from '../store/store.ts'

/** So many wrong passwords in so many milliseconds; then none is tried until that time is over. */
export interface Allowance {
  readonly attempts: number
  readonly window: Millis
}

/**
 * Slows the guessing of passwords: per address, and per user and address together, never per user alone, so that a stranger cannot
 * lock a user out who comes from elsewhere. Only wrong passwords count, in the store, so that they count on every node and after a
 * restart. Attempts for one user from one address wait for each other, so that many at once are no way around, and a program that logs
 * in often with the right password is never refused.
 */
export class Throttle {
  readonly #ofUser: Limiter
  readonly #ofAddress: Limiter
  /** Who waits for whom, per user and address; only as long as somebody does. */
  readonly #turns = new Map<string, LimitFunction>()

  constructor(store: Store, clock: Clock, ofUser: Allowance, ofAddress: Allowance) {
    this.#ofUser = new Limiter(store, clock, ofUser)
    this.#ofAddress = new Limiter(store, clock, ofAddress)
  }

  /** Does what checks a password, or refuses to, with the time after which the next attempt is worth while. */
  async attempt<T>(uname: string, address: string, check: () => Promise<T>): Promise<T> {
    const network = networkOf(address)
    const key = keyOf(uname, network)
    // Here too, so that an address which has used up its attempts leaves no trace in memory for each name it makes up.
    await this.#ofAddress.requireLeft(network)
    return this.#inTurn(key, async () => {
      const wrongBefore = await this.#ofUser.requireLeft(key)
      // Counted before and given back: those of other users from this address do not wait.
      await this.#ofAddress.take(network)
      try {
        const result = await check()
        await this.#ofAddress.add(network, -1)
        if (wrongBefore > 0) await this.#ofUser.add(key, -wrongBefore)
        return result
      } catch (error) {
        await (isWrong(error) ? this.#ofUser.add(key, 1) : this.#ofAddress.add(network, -1))
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

/** Counts in the store, and refuses what goes beyond an allowance. */
class Limiter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #allowance: Allowance

  constructor(store: Store, clock: Clock, allowance: Allowance) {
    this.#store = store
    this.#clock = clock
    this.#allowance = allowance
  }

  add(key: string, by: number): Promise<Counter> {
    return this.#store.addToCounter(nameOf(key), by, this.#allowance.window, this.#clock())
  }

  /** How many were counted, if another one is allowed. */
  async requireLeft(key: string): Promise<number> {
    const counter = await this.add(key, 0)
    if (counter.count >= this.#allowance.attempts) throw this.#tooMany(counter)
    return counter.count
  }

  /** Counts one, if it is allowed. */
  async take(key: string): Promise<void> {
    const counter = await this.add(key, 1)
    if (counter.count <= this.#allowance.attempts) return
    await this.add(key, -1)
    throw this.#tooMany(counter)
  }

  #tooMany({ endsAt }: Counter): Refusal {
    const seconds = Math.max(1, Math.ceil((endsAt - this.#clock()) / 1000))
    return new Refusal(
      'too_many_attempts',
      `Too many attempts to log in. Try again in ${seconds} seconds.`,
      seconds,
    )
  }
}

const isWrong = (error: unknown) =>
  error instanceof Refusal && (error.code === 'wrong_credentials' || error.code === 'wrong_password')

/** A name may hold any character, so it is told apart from the address by its length. */
const keyOf = (uname: string, network: string) => `${uname.length} ${uname} ${network}`

/** Hashed, since people type passwords where the name belongs, and a store need not know who comes from where. */
const nameOf = (key: string) => `wrong ${hash('sha256', key, 'base64url')}`

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

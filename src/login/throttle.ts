import { hash } from 'node:crypto'
import pLimit, { type LimitFunction } from 'p-limit'
import { networkOf } from '../address.ts'
import { isRefusal, Refusal } from '../errors.ts'
import type { Clock } from '../session/lifetime.ts'
import type { Counter, Millis, Store } from '../store/store.ts'
import type { Party } from './hash-queue.ts'

/** So many wrong passwords in so many milliseconds; then none is tried until that time is over. */
export interface Allowance {
  readonly attempts: number
  readonly window: Millis
}

/** Who tries a password, and from where. */
export interface Attempter {
  readonly uname: string
  /** In the spelling of `formatAddress`. */
  readonly address: string
  /** The device cookie of a browser that logged in before as this user, by its name, or null. */
  readonly device: string | null
}

/**
 * The networks that an address counts in, and how many times the attempts of one address each has. An internet provider gives
 * one household a /64, a /56 or a /48 of IPv6, and a data centre rents out neighbours in a /24 of IPv4.
 */
const NETWORKS = [
  { ipv4: 32, ipv6: 64, factor: 1 },
  { ipv4: 32, ipv6: 56, factor: 4 },
  { ipv4: 24, ipv6: 48, factor: 16 },
]

/** Attempts of one user from one address that may wait for each other. */
const LONGEST_LINE = 256

/**
 * Slows the guessing of passwords: per network, and per user and network together, never per user alone, so that a stranger cannot
 * lock out a user who comes from elsewhere. Only wrong passwords count, in the store, so that they count on every node and after a
 * restart. Attempts for one user from one address wait for each other, so that many at once are no way around, and a program that logs
 * in often with the right password is never refused.
 *
 * A browser with a device cookie of the user is counted by that cookie instead (OWASP, "Device cookies"). After too many wrong
 * passwords it is a stranger like any other until its window is over.
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
  async attempt<T>(attempter: Attempter, check: (party: Party) => Promise<T>): Promise<T> {
    const { uname, address, device } = attempter
    if (device !== null) {
      const done = await this.#attemptByDevice(uname, device, check)
      if (done !== null) return done.result
    }
    const networks = networksOf(address)
    const ofAddress = networks.map(({ network, factor }) => this.#ofAddress.budget(network, factor))
    const ofUser = networks.map(({ network, factor }) => this.#ofUser.budget(keyOf(uname, network), factor))
    // Here too, so that an address which has used up its attempts leaves no trace in memory for each name it makes up.
    await requireLeft(ofAddress)
    const party = { isKnown: false, name: networks.at(-1)?.network ?? '' }
    return this.#inTurn(keyOf(uname, networks[0]?.network ?? ''), async () => {
      // Counted before and given back: those of other users and addresses do not wait.
      const [own = 1] = await take([...ofUser, ...ofAddress])
      return settle(
        () => check(party),
        async (outcome) => {
          if (outcome === 'wrong') return
          // A right password clears what was counted of this user at this address.
          await giveBack(ofUser, outcome === 'right' ? own : 1)
          await giveBack(ofAddress, 1)
        },
      )
    })
  }

  /** Null: the device has used up its attempts. */
  #attemptByDevice<T>(
    uname: string,
    device: string,
    check: (party: Party) => Promise<T>,
  ): Promise<{ readonly result: T } | null> {
    const key = keyOf(uname, `device ${device}`)
    const budget = this.#ofUser.budget(key, 1)
    return this.#inTurn(key, async () => {
      const own = (await budget.add(1)).count
      if (own > budget.attempts) {
        await budget.add(-1)
        return null
      }
      const result = await settle(
        () => check({ isKnown: true, name: uname }),
        async (outcome) => {
          if (outcome !== 'wrong') await giveBack([budget], outcome === 'right' ? own : 1)
        },
      )
      return { result }
    })
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const turn = this.#turns.get(key) ?? pLimit(1)
    if (turn.pendingCount >= LONGEST_LINE)
      throw new Refusal('busy', 'Too many logins as this user are under way. Try again in a few seconds.', 5)
    this.#turns.set(key, turn)
    try {
      return await turn(work)
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(key)
    }
  }
}

/** What an allowance leaves to one network, or to one user there. */
interface Budget {
  readonly attempts: number
  add(by: number): Promise<Counter>
  tooMany(counter: Counter): Refusal
}

/** Counts in the store. */
class Limiter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #allowance: Allowance

  constructor(store: Store, clock: Clock, allowance: Allowance) {
    this.#store = store
    this.#clock = clock
    this.#allowance = allowance
  }

  /** What there is of `factor` times the allowance. */
  budget(key: string, factor: number): Budget {
    const { attempts, window } = this.#allowance
    return {
      attempts: attempts * factor,
      add: (by) => this.#store.addToCounter(nameOf(key), by, window, this.#clock()),
      tooMany: ({ endsAt }) => {
        const seconds = Math.max(1, Math.ceil((endsAt - this.#clock()) / 1000))
        return new Refusal(
          'too_many_attempts',
          `Too many attempts to log in. Try again in ${seconds} seconds.`,
          seconds,
        )
      },
    }
  }
}

/** Refuses if one of the budgets is used up. Counts nothing. */
async function requireLeft(budgets: readonly Budget[]): Promise<void> {
  const counters = await Promise.all(budgets.map((budget) => budget.add(0)))
  refuseBeyond(budgets, counters, (count, attempts) => count >= attempts)
}

/** Counts one in each budget, or refuses and counts nothing. Returns the counts. */
async function take(budgets: readonly Budget[]): Promise<readonly number[]> {
  const counters = await Promise.all(budgets.map((budget) => budget.add(1)))
  try {
    refuseBeyond(budgets, counters, (count, attempts) => count > attempts)
  } catch (refusal) {
    await giveBack(budgets, 1)
    throw refusal
  }
  return counters.map(({ count }) => count)
}

/** Throws the refusal of the budget that is used up for longest, if there is one. */
function refuseBeyond(
  budgets: readonly Budget[],
  counters: readonly Counter[],
  isBeyond: (count: number, attempts: number) => boolean,
): void {
  const refusals = budgets.flatMap((budget, at) => {
    const counter = counters[at]
    return counter !== undefined && isBeyond(counter.count, budget.attempts) ? [budget.tooMany(counter)] : []
  })
  const [longest] = refusals.toSorted((a, b) => (b.retryAfter ?? 0) - (a.retryAfter ?? 0))
  if (longest !== undefined) throw longest
}

async function giveBack(budgets: readonly Budget[], count: number): Promise<void> {
  await Promise.all(budgets.map((budget) => budget.add(-count)))
}

/** Checks a password, and has counted what came of it before it resolves or rejects. */
async function settle<T>(
  check: () => Promise<T>,
  count: (outcome: 'right' | 'wrong' | 'untried') => Promise<void>,
): Promise<T> {
  let result: T
  try {
    result = await check()
  } catch (error) {
    await count(isWrong(error) ? 'wrong' : 'untried')
    throw error
  }
  await count('right')
  return result
}

const isWrong = (error: unknown) =>
  isRefusal(error, 'wrong_credentials') || isRefusal(error, 'wrong_password')

/** The networks of an address from the narrowest to the widest, each once. */
function networksOf(address: string) {
  const all = NETWORKS.map(({ factor, ...bits }) => ({ network: networkOf(address, bits), factor }))
  return all.filter(({ network }, at) => network !== all[at - 1]?.network)
}

/** A name may hold any character, so it is told apart from the network by its length. */
const keyOf = (uname: string, network: string) => `${uname.length} ${uname} ${network}`

/** Hashed, since people type passwords where the name belongs, and a store need not know who comes from where. */
const nameOf = (key: string) => `wrong ${hash('sha256', key, 'base64url')}`

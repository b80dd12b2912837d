import { hash } from 'node:crypto'
import pLimit, { type LimitFunction } from 'p-limit'
import { networkOf } from '../address.ts'
import { isRefusal, Refusal } from '../errors.ts'
import type { Clock } from '../session/lifetime.ts'
import type { Counter, Millis, Store } from '../store/store.ts'
import type { Party } from './hash-queue.ts'

/**
 * How many wrong passwords are allowed in a window, in milliseconds. After that, no password is tried until
 * the window ends.
 */
export interface Allowance {
  readonly attempts: number
  readonly window: Millis
}

/** The user whose password is tried, and the client that tries it. */
export interface Attempter {
  readonly uname: string
  /** As `formatAddress` writes it. */
  readonly address: string
  /** The name in the device cookie of a browser that logged in before as this user, or null. */
  readonly device: string | null
}

/**
 * The networks in which an address is counted, and how many times one address's allowance each has. An
 * internet provider gives a household a /64, /56 or /48 of IPv6; a data centre rents out neighbours in a /24
 * of IPv4.
 */
const NETWORKS = [
  { ipv4: 32, ipv6: 64, factor: 1 },
  { ipv4: 32, ipv6: 56, factor: 4 },
  { ipv4: 24, ipv6: 48, factor: 16 },
]

/** How many attempts for one user from one address may wait for each other. */
const MAX_WAITING = 256

/**
 * Limits password guessing: per network, and per user and network together. Never per user alone, so that a
 * stranger cannot lock out a user who logs in from elsewhere. Only wrong passwords count. The store keeps the
 * counts, so they hold on every node and after a restart. Attempts for one user from one address run one
 * after another, so that many at once do not get around the limit, and a program that logs in often with the
 * right password is never refused.
 *
 * A browser with a device cookie of the user is counted by that cookie instead (OWASP, "Device cookies").
 * After too many wrong passwords it is treated like a stranger until its window ends.
 */
export class Throttle {
  readonly #ofUser: Limiter
  readonly #ofAddress: Limiter
  /** Waiting attempts per user and address. Entries are removed when no attempt waits. */
  readonly #turns = new Map<string, LimitFunction>()

  constructor(store: Store, clock: Clock, ofUser: Allowance, ofAddress: Allowance) {
    this.#ofUser = new Limiter(store, clock, ofUser)
    this.#ofAddress = new Limiter(store, clock, ofAddress)
  }

  /** Runs `check`, or throws a refusal with the time after which the next attempt is allowed. */
  async attempt<T>(attempter: Attempter, check: (party: Party) => Promise<T>): Promise<T> {
    const { uname, address, device } = attempter
    if (device !== null) {
      const done = await this.#attemptByDevice(uname, device, check)
      if (done !== null) return done.result
    }
    const networks = networksOf(address)
    const ofAddress = networks.map(({ network, factor }) => this.#ofAddress.budget(network, factor))
    const ofUser = networks.map(({ network, factor }) => this.#ofUser.budget(toKey(uname, network), factor))
    // Checked here as well, so that an address without attempts left uses no memory per invented user name.
    await requireLeft(ofAddress)
    const party = { isKnown: false, name: networks.at(-1)?.network ?? '' }
    return this.#inTurn(toKey(uname, networks[0]?.network ?? ''), async () => {
      // Counted in advance and given back later, so that attempts of other users and addresses do not wait.
      const [own = 1] = await take([...ofUser, ...ofAddress])
      return settle(
        () => check(party),
        async (outcome) => {
          if (outcome === 'wrong') return
          // A correct password clears this user's count at this address.
          await giveBack(ofUser, outcome === 'right' ? own : 1)
          await giveBack(ofAddress, 1)
        },
      )
    })
  }

  /** Returns null if the device has used up its attempts. */
  #attemptByDevice<T>(
    uname: string,
    device: string,
    check: (party: Party) => Promise<T>,
  ): Promise<{ readonly result: T } | null> {
    const key = toKey(uname, `device ${device}`)
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
    if (turn.pendingCount >= MAX_WAITING)
      throw new Refusal('busy', 'Too many logins as this user are under way. Try again in a few seconds.', 5)
    this.#turns.set(key, turn)
    try {
      return await turn(work)
    } finally {
      if (turn.activeCount + turn.pendingCount === 0) this.#turns.delete(key)
    }
  }
}

/** What is left of an allowance for one network, or for one user there. */
interface Budget {
  readonly attempts: number
  add(by: number): Promise<Counter>
  tooMany(counter: Counter): Refusal
}

/** Keeps its counts in the store. */
class Limiter {
  readonly #store: Store
  readonly #clock: Clock
  readonly #allowance: Allowance

  constructor(store: Store, clock: Clock, allowance: Allowance) {
    this.#store = store
    this.#clock = clock
    this.#allowance = allowance
  }

  /** Returns the budget of `factor` times the allowance. */
  budget(key: string, factor: number): Budget {
    const { attempts, window } = this.#allowance
    return {
      attempts: attempts * factor,
      add: (by) => this.#store.addToCounter(toCounterName(key), by, window, this.#clock()),
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

/** Throws if one of the budgets is used up. Counts nothing. */
async function requireLeft(budgets: readonly Budget[]): Promise<void> {
  const counters = await Promise.all(budgets.map((budget) => budget.add(0)))
  refuseBeyond(budgets, counters, (count, attempts) => count >= attempts)
}

/**
 * Counts one attempt in each budget and returns the counts. Throws, and counts nothing, if one is used up.
 */
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

/** Throws the refusal of the budget that stays used up longest, if any is. */
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

/** Runs the check and counts its outcome before it resolves or rejects. */
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

/** Returns the networks of an address, narrowest first, each once. */
function networksOf(address: string) {
  const all = NETWORKS.map(({ factor, ...bits }) => ({ network: networkOf(address, bits), factor }))
  return all.filter(({ network }, at) => network !== all[at - 1]?.network)
}

/** A name may contain any character, so the key gives its length to separate it from the network. */
const toKey = (uname: string, network: string) => `${uname.length} ${uname} ${network}`

/** Hashed, since people sometimes type a password as the user name, and a store need not keep addresses. */
const toCounterName = (key: string) => `wrong ${hash('sha256', key, 'base64url')}`

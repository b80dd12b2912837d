import { isOf } from '../filters.ts'
import { pageIn } from '../pages.ts'
import type { Millis, Page, SessionFilter, StoredSession } from '../store.ts'
import { partsOf } from './ends.ts'
import { beganAtIn, handleIn, indexKey, isHandle, type Shard, sessionKey, shardOf, shards } from './keys.ts'
import type { Link } from './link.ts'
import { readStored } from './sessions.ts'
import { COUNT_OF_USER, LATEST } from './shard-scripts.ts'

/** Where a session is in a list: the latest login first, of one millisecond by the handle. */
interface Entry {
  readonly handle: string
  readonly beganAt: Millis
}

const isBefore = (a: Entry, b: Entry) =>
  a.beganAt > b.beganAt || (a.beganAt === b.beganAt && a.handle > b.handle)

const cursorOf = ({ beganAt, handle }: Entry) => `${beganAt}:${handle}`

function entryOf(cursor: string): Entry {
  const [beganAt = '', handle = ''] = cursor.split(':')
  return { beganAt: Number(beganAt), handle }
}

/**
 * Sessions that a call looks at besides those that it finds. Fewer than other stores do: each is a command of its own, which takes this
 * process several times as long as Redis.
 */
const LOOKED_AT = 1_000

/** Sessions that are looked at together. */
const STEP = 250

/** Lists of sessions, and how many there are. */
export function newLists(link: Link) {
  /** The session of a handle, if it is live and meant. */
  const find = async (handle: string, filter: SessionFilter, now: Millis) => {
    const session = await readStored(link, handle, now)
    return session !== null && isOf(filter, session) ? session : null
  }

  /**
   * Each of these with its session, if that is meant: the index may still have what has ended, or what never began, as a login whose id
   * was that of a session of another instant.
   */
  const lookAt = (part: readonly Entry[], filter: SessionFilter, now: Millis) =>
    Promise.all(
      part.map(async (entry) => {
        const session = await find(entry.handle, filter, now)
        return { item: session?.beganAt === entry.beganAt ? session : null, cursor: cursorOf(entry) }
      }),
    )

  const ofUser = async function* (uname: string, after: Entry | null, size: number) {
    const key = indexKey(uname)
    const members = (await link.read(key, ['ZRANGE', key, '0', '-1'])) as string[]
    const entries = members.map((member) => ({ handle: handleIn(member), beganAt: beganAtIn(member) }))
    const behind = entries.filter((entry) => after === null || isBefore(after, entry))
    yield* partsOf(
      behind.sort((a, b) => (isBefore(a, b) ? -1 : 1)),
      size,
    )
  }

  const ofAll = async function* (after: Entry | null, size: number, now: Millis) {
    const sources = shards.map((shard) => new Latest(link, shard, after, now))
    for (;;) {
      const part: Entry[] = []
      while (part.length < size) {
        await fillAll(sources, size)
        const first = sources.reduce(earlier)
        if (first.first === null) break
        part.push(first.first)
        first.take()
      }
      if (part.length === 0) return
      yield part
    }
  }

  return {
    async listSessions(
      filter: SessionFilter,
      after: string | null,
      limit: number,
      now: Millis,
    ): Promise<Page<StoredSession>> {
      const { uname, address, handle } = filter
      if (handle !== undefined) {
        const found = isHandle(handle) ? await find(handle, filter, now) : null
        return { items: found === null ? [] : [found], next: null }
      }
      const from = after === null ? null : entryOf(after)
      // Of an address there may be few: those that are looked at are asked for together.
      const step = address === undefined ? limit + 1 : Math.max(STEP, limit + 1)
      const parts = uname === undefined ? ofAll(from, step, now) : ofUser(uname, from, step)
      const looked = async function* () {
        for await (const part of parts) yield* await lookAt(part, filter, now)
      }
      return pageIn(looked(), limit, LOOKED_AT)
    },

    async countSessions(uname: string | null, now: Millis): Promise<number> {
      if (uname === null) {
        const counts = shards.map(({ ends }) => link.read(ends, ['ZCOUNT', ends, `(${now}`, '+inf']))
        return sumOf(await Promise.all(counts))
      }
      const key = indexKey(uname)
      const members = (await link.read(key, ['ZRANGE', key, '0', '-1'])) as string[]
      const byShard = Map.groupBy(new Set(members.map(handleIn)), shardOf)
      const counts = [...byShard.values()].flatMap((handles) =>
        partsOf(handles, STEP).map((part) => {
          const keys = part.map(sessionKey) as [string, ...string[]]
          return link.look(COUNT_OF_USER, keys, [uname, String(now)])
        }),
      )
      return sumOf(await Promise.all(counts))
    },
  }
}

const sumOf = (counts: readonly unknown[]) => counts.reduce((sum: number, each) => sum + Number(each), 0)

/** Seldom has much to do: to wait for each that is filled, once for each session, would take longer than all the rest. */
async function fillAll(sources: readonly Latest[], size: number): Promise<void> {
  if (sources.some(({ isEmpty }) => isEmpty)) await Promise.all(sources.map((source) => source.fill(size)))
}

/** Whichever of the two has what comes first in the list. */
const earlier = (a: Latest, b: Latest) =>
  b.first !== null && (a.first === null || isBefore(b.first, a.first)) ? b : a

/** The live sessions of one shard, the latest login first, fetched a few at a time. */
class Latest {
  readonly #link: Link
  readonly #shard: Shard
  readonly #now: Millis
  #entries: Entry[] = []
  #after: Entry | null
  #isOver = false

  constructor(link: Link, shard: Shard, after: Entry | null, now: Millis) {
    this.#link = link
    this.#shard = shard
    this.#after = after
    this.#now = now
  }

  get first(): Entry | null {
    return this.#entries[0] ?? null
  }

  /** Whether there may be more that is not here. */
  get isEmpty(): boolean {
    return this.#entries.length === 0 && !this.#isOver
  }

  take(): void {
    this.#entries.shift()
  }

  /** Has at least one, unless there are none left. `size` of all shards together are wanted. */
  fill(size: number): Promise<void> | null {
    return this.isEmpty ? this.#fetch(4 + Math.ceil(size / 64)) : null
  }

  async #fetch(count: number): Promise<void> {
    const { logins, ends } = this.#shard
    const { beganAt, handle } = this.#after ?? { beganAt: '+inf', handle: '' }
    const args = [String(this.#now), String(count), String(beganAt), handle]
    const found = (await this.#link.look(LATEST, [logins, ends], args)) as string[]
    this.#entries = partsOf(found, 2).map(([handle = '', beganAt]) => ({ handle, beganAt: Number(beganAt) }))
    this.#isOver = this.#entries.length < count
    this.#after = this.#entries.at(-1) ?? this.#after
  }
}

import { handleOf, type Millis, type Page, type StoredSession } from '../store.ts'
import { partsOf } from './ends.ts'
import { beganAtIn, handleIn, indexKey, type Shard, shards } from './keys.ts'
import type { Link } from './link.ts'
import { readStored } from './sessions.ts'
import { LATEST } from './shard-scripts.ts'

/** Where a session is in a list: the latest login first, of one millisecond by the handle. */
interface Entry {
  readonly handle: string
  readonly beganAt: Millis
}

const isBefore = (a: Entry, b: Entry) =>
  a.beganAt > b.beganAt || (a.beganAt === b.beganAt && a.handle > b.handle)

const cursorOf = ({ beganAt, id }: StoredSession) => `${beganAt}:${handleOf(id)}`

function entryOf(cursor: string): Entry {
  const [beganAt = '', handle = ''] = cursor.split(':')
  return { beganAt: Number(beganAt), handle }
}

/** Lists of sessions. */
export function newLists(link: Link) {
  /** Those of these sessions that are live and of the user: the index may still have what has ended, or what never began. */
  const liveIn = async (part: readonly Entry[], uname: string | null, now: Millis) => {
    const read = await Promise.all(part.map(({ handle }) => readStored(link, handle, now)))
    return read.filter(
      (session) => session !== null && (uname === null || session.uname === uname),
    ) as StoredSession[]
  }

  /** The first page of these; they are read in parts, as far as it takes. */
  const pageOf = async (
    parts: AsyncIterable<StoredSession[]>,
    limit: number,
  ): Promise<Page<StoredSession>> => {
    const items: StoredSession[] = []
    for await (const part of parts) {
      items.push(...part)
      if (items.length > limit) break
    }
    const page = items.slice(0, limit)
    const last = page.at(-1)
    return { items: page, next: last !== undefined && items.length > limit ? cursorOf(last) : null }
  }

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
    listSessions(
      uname: string | null,
      after: string | null,
      limit: number,
      now: Millis,
    ): Promise<Page<StoredSession>> {
      const from = after === null ? null : entryOf(after)
      const parts = uname === null ? ofAll(from, limit + 1, now) : ofUser(uname, from, limit + 1)
      const live = async function* () {
        for await (const part of parts) yield await liveIn(part, uname, now)
      }
      return pageOf(live(), limit)
    },
  }
}

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

import { ID_LENGTH, isIdAt, slotOf } from '../ids.ts'
import type { Millis, Use } from '../store.ts'
import type { Hot } from './hot.ts'

/** Eight-byte words of a record before its texts: `next` and six numbers, then how long the user's name is and how long both texts are. */
const HEAD = 8
const [NEXT, N, BEGAN, USED, ENDS, LATEST, VERSION, LENGTHS] = [0, 1, 2, 3, 4, 5, 6, 7] as const

/** There is no record. */
const NONE = -1

/** Bytes of the ring for each list of records, of which most are then of one record or none. */
const BYTES_PER_LIST = 256

export type Ring = ReturnType<typeof newRing>

/**
 * A log of sessions in so many bytes that begins anew at its end, over what is oldest. They are smaller than
 * as objects, the garbage collector does not go through them, and no more than `room` is ever taken.
 *
 * A record has a position that only grows; its place is the remainder. Records whose ids hash alike are a list, the newest first, and a
 * list ends at the first record that has been written over. So nothing is ever taken out of a list: a newer record hides an older one.
 */
export function newRing(room: number) {
  const bytes = Buffer.from(new ArrayBuffer(room))
  const numbers = new Float64Array(bytes.buffer)
  const words = new Uint32Array(bytes.buffer)
  const lists = new Float64Array(2 ** Math.ceil(Math.log2(room / BYTES_PER_LIST))).fill(NONE)
  /** Where the next record goes. */
  let end = 0
  /** Records before it are forgotten. */
  let begin = 0

  const listOf = (id: string) => slotOf(id) & (lists.length - 1)
  const wordOf = (position: number) => (position % room) / 8

  /** The word at which the newest record of an id begins. */
  const seek = (id: string): number => {
    const oldest = Math.max(begin, end - room)
    for (let at = lists[listOf(id)] as number; at >= oldest; ) {
      const word = wordOf(at)
      if (isIdAt(bytes, (word + HEAD) * 8, id)) return word
      at = numbers[word + NEXT] as number
    }
    return NONE
  }

  return {
    /** The session of an id, live or not. */
    find(id: string): Hot | null {
      const word = seek(id)
      if (word === NONE) return null
      const from = (word + HEAD) * 8 + ID_LENGTH
      const unameLength = words[(word + LENGTHS) * 2] as number
      // Both at once: parts of a string cost nearly nothing.
      const texts = bytes.toString('utf8', from, from + (words[(word + LENGTHS) * 2 + 1] as number))
      return {
        n: numbers[word + N] as number,
        id,
        uname: texts.slice(0, unameLength),
        beganAt: numbers[word + BEGAN] as Millis,
        usedAt: numbers[word + USED] as Millis,
        endsAt: numbers[word + ENDS] as Millis,
        latestEndsAt: numbers[word + LATEST] as Millis,
        version: numbers[word + VERSION] as number,
        packed: texts.slice(unameLength),
      }
    },

    add(hot: Hot): void {
      const texts = hot.uname + hot.packed
      const length = Buffer.byteLength(texts)
      const size = HEAD * 8 + Math.ceil((ID_LENGTH + length) / 8) * 8
      // A record is in one piece: what is left before the end of the ring may be too short for it.
      if ((end % room) + size > room) end += room - (end % room)
      const word = wordOf(end)
      const list = listOf(hot.id)
      numbers[word + NEXT] = lists[list] as number
      numbers[word + N] = hot.n
      numbers[word + BEGAN] = hot.beganAt
      numbers[word + USED] = hot.usedAt
      numbers[word + ENDS] = hot.endsAt
      numbers[word + LATEST] = hot.latestEndsAt
      numbers[word + VERSION] = hot.version
      words[(word + LENGTHS) * 2] = hot.uname.length
      words[(word + LENGTHS) * 2 + 1] = length
      const text = (word + HEAD) * 8
      bytes.write(hot.id, text, ID_LENGTH, 'latin1')
      bytes.write(texts, text + ID_LENGTH, length, 'utf8')
      lists[list] = end
      end += size
    },

    /** The number of the session of an id in the file, or null: it is not here. */
    numberOf(id: string): number | null {
      const word = seek(id)
      return word === NONE ? null : (numbers[word + N] as number)
    },

    /** Moves the times as a store does: forward, never back, and only while the session is live. */
    touch({ id, usedAt, endsAt }: Use, now: Millis): void {
      const word = seek(id)
      if (word === NONE) return
      const known = numbers[word + ENDS] as Millis
      if (known <= now) return
      numbers[word + USED] = Math.max(numbers[word + USED] as Millis, usedAt)
      numbers[word + ENDS] = Math.max(known, Math.min(endsAt, numbers[word + LATEST] as Millis))
    },

    /** Forgets all that is known of an id. */
    remove(id: string): void {
      // Every record of it, or the one that the newest has hidden would come to light.
      for (let word = seek(id); word !== NONE; word = seek(id))
        bytes.fill(0, (word + HEAD) * 8, (word + HEAD) * 8 + ID_LENGTH)
    },

    clear(): void {
      begin = end
    },
  }
}

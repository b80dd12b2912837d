import { ID_LENGTH, isIdAt, slotOf } from '../store/ids.ts'
import type { Millis } from '../store/store.ts'

/**
 * Session ids with the instant of their last use. Stored in typed arrays, because every request records a
 * use: in a `Map` of 100,000 strings, that costs as much as finding the session.
 */
export class Noted {
  #count = 0
  #ids: Buffer
  #usedAt: Float64Array
  /**
   * A hash table: each slot holds the number of an id, plus one; 0 means free. Twice as many slots as ids.
   */
  #slots: Uint32Array

  /** `expected` ids fit at first. Growing beyond that takes as long as recording all of them again. */
  constructor(expected: number) {
    const room = 2 ** Math.ceil(Math.log2(expected + 1))
    this.#ids = Buffer.alloc(room * ID_LENGTH)
    this.#usedAt = new Float64Array(room)
    this.#slots = new Uint32Array(2 * room)
  }

  get count(): number {
    return this.#count
  }

  /** Records a use, unless a later one was recorded. */
  note(id: string, usedAt: Millis): void {
    const slot = this.#find(id)
    const number = this.#slots[slot] as number
    if (number > 0) {
      this.#usedAt[number - 1] = Math.max(usedAt, this.#usedAt[number - 1] as Millis)
      return
    }
    this.#ids.write(id, this.#count * ID_LENGTH, ID_LENGTH, 'latin1')
    this.#usedAt[this.#count] = usedAt
    this.#slots[slot] = ++this.#count
    if (this.#count === this.#usedAt.length) this.#grow()
  }

  /** Returns the last use of an id, or null if none was recorded. */
  usedAt(id: string): Millis | null {
    const number = this.#slots[this.#find(id)] as number
    return number === 0 ? null : (this.#usedAt[number - 1] as Millis)
  }

  /** Returns the id that was recorded as number `i`, counted from 0. */
  idAt(i: number): string {
    return this.#ids.toString('latin1', i * ID_LENGTH, (i + 1) * ID_LENGTH)
  }

  /** Returns the last use of id number `i`. */
  usedAtOf(i: number): Millis {
    return this.#usedAt[i] as Millis
  }

  /** Returns the slot that holds the id, or the free one where it belongs. */
  #find(id: string): number {
    const last = this.#slots.length - 1
    for (let slot = slotOf(id) & last; ; slot = (slot + 1) & last) {
      const number = this.#slots[slot] as number
      if (number === 0 || isIdAt(this.#ids, (number - 1) * ID_LENGTH, id)) return slot
    }
  }

  #grow(): void {
    const ids = Buffer.alloc(2 * this.#ids.length)
    ids.set(this.#ids)
    this.#ids = ids
    const usedAt = new Float64Array(2 * this.#usedAt.length)
    usedAt.set(this.#usedAt)
    this.#usedAt = usedAt
    this.#slots = new Uint32Array(2 * this.#slots.length)
    for (let i = 0; i < this.#count; i++) this.#slots[this.#find(this.idAt(i))] = i + 1
  }
}

/**
 * What two lists have under one name, or one of them alone, when that is known. Lists whose order is about the same are compared without
 * keeping more than a few items of either.
 */
export async function* matched<T>(
  ours: AsyncGenerator<T>,
  theirs: AsyncGenerator<T>,
  nameOf: (item: T) => string,
): AsyncGenerator<readonly [ours: T | null, theirs: T | null]> {
  const one = new Side(ours, nameOf)
  const other = new Side(theirs, nameOf)
  while (!(one.isOver && other.isOver)) {
    const [item, their] = await Promise.all([one.next(), other.next()])
    const partnerOfItem = one.meet(item, other)
    if (partnerOfItem !== null) yield [item, partnerOfItem]
    const partnerOfTheir = other.meet(their, one)
    if (partnerOfTheir !== null) yield [partnerOfTheir, their]
    yield* aloneIn(one, other)
  }
}

/** What has found no partner in a list that is over finds none. */
function* aloneIn<T>(one: Side<T>, other: Side<T>): Generator<readonly [T | null, T | null]> {
  if (other.isOver) for (const alone of one.takeAll()) yield [alone, null]
  if (one.isOver) for (const alone of other.takeAll()) yield [null, alone]
}

/** One of the lists, with the items that have no partner yet. */
class Side<T> {
  readonly #list: AsyncGenerator<T>
  readonly #nameOf: (item: T) => string
  readonly #alone = new Map<string, T>()
  isOver = false

  constructor(list: AsyncGenerator<T>, nameOf: (item: T) => string) {
    this.#list = list
    this.#nameOf = nameOf
  }

  async next(): Promise<T | null> {
    if (this.isOver) return null
    const { value, done } = await this.#list.next()
    this.isOver = done === true
    return done === true ? null : value
  }

  /** The partner of an item, which leaves the other side, or null: the item waits for it here. */
  meet(item: T | null, other: Side<T>): T | null {
    if (item === null) return null
    const name = this.#nameOf(item)
    const partner = other.#alone.get(name) ?? null
    if (partner === null) this.#alone.set(name, item)
    else other.#alone.delete(name)
    return partner
  }

  takeAll(): T[] {
    const all = [...this.#alone.values()]
    this.#alone.clear()
    return all
  }
}

/** Returns the known name that is closest to a mistyped one; null if none is similar. */
export function closestTo(name: string, known: Iterable<string>): string | null {
  // At most a quarter of the letters may differ; more would suggest unrelated names.
  let best = Math.floor(name.length / 4) + 1
  let closest: string | null = null
  for (const each of known) {
    const distance = editsBetween(name, each)
    if (distance < best) {
      best = distance
      closest = each
    }
  }
  return closest
}

/**
 * Returns how many insertions, deletions, replacements or swaps of neighbours turn one word into the other.
 */
function editsBetween(one: string, other: string): number {
  let twoAbove: number[] = []
  let above = Array.from({ length: other.length + 1 }, (_, i) => i)
  for (let i = 1; i <= one.length; i++) {
    const row = [i]
    for (let j = 1; j <= other.length; j++) {
      const isSame = one[i - 1] === other[j - 1]
      const isSwapped = one[i - 1] === other[j - 2] && one[i - 2] === other[j - 1]
      row[j] = Math.min(
        at(above, j - 1) + (isSame ? 0 : 1),
        at(above, j) + 1,
        at(row, j - 1) + 1,
        isSwapped ? at(twoAbove, j - 2) + 1 : Number.POSITIVE_INFINITY,
      )
    }
    twoAbove = above
    above = row
  }
  return at(above, other.length)
}

const at = (row: readonly number[], index: number) => row[index] ?? Number.POSITIVE_INFINITY

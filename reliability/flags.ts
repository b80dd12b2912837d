import { parseArgs } from 'node:util'

/**
 * Returns the integers of the command line's flags or their defaults, and the texts of other flags or null.
 * Exits with 2 if they are invalid.
 */
export function readFlags<Name extends string, Text extends string = never>(
  flags: Readonly<
    Record<Name, { readonly otherwise: number; readonly least: number; readonly most: number }>
  >,
  texts: readonly Text[] = [],
): Record<Name, number> & Record<Text, string | null> {
  const names = Object.keys(flags) as Name[]
  try {
    const { values } = parseArgs({
      options: Object.fromEntries([...names, ...texts].map((name) => [name, { type: 'string' as const }])),
    })
    const numbers = names.map((name): [string, number] => {
      const { otherwise, least, most } = flags[name]
      const value = Number(values[name] ?? otherwise)
      if (Number.isInteger(value) && value >= least && value <= most) return [name, value]
      throw new Error(`--${name} must be a whole number from ${least} to ${most}.`)
    })
    const others = texts.map((name): [string, string | null] => [name, values[name] ?? null])
    return Object.fromEntries<number | string | null>([...numbers, ...others]) as ReturnType<
      typeof readFlags<Name, Text>
    >
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(2)
  }
}

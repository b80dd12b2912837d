import { parseArgs } from 'node:util'

/** The whole numbers behind the flags of the command line, or what they are without. Ends the program with 2 if they are not right. */
export function readFlags<Name extends string>(
  flags: Readonly<
    Record<Name, { readonly otherwise: number; readonly least: number; readonly most: number }>
  >,
): Record<Name, number> {
  const names = Object.keys(flags) as Name[]
  try {
    const { values } = parseArgs({
      options: Object.fromEntries(names.map((name) => [name, { type: 'string' as const }])),
    })
    return Object.fromEntries(
      names.map((name) => {
        const { otherwise, least, most } = flags[name]
        const value = Number(values[name] ?? otherwise)
        if (Number.isInteger(value) && value >= least && value <= most) return [name, value]
        throw new Error(`--${name} must be a whole number from ${least} to ${most}.`)
      }),
    ) as Record<Name, number>
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    process.exit(2)
  }
}

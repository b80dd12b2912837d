type Kind = 'page' | 'json'

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['text/html', 'page'],
  ['application/json', 'json'],
  ['application/problem+json', 'json'],
])

/**
 * Returns what a client prefers by its `Accept`: the higher weight, then the type named first. Null: it names
 * neither.
 */
export function preferredIn(accept: string | null): Kind | null {
  let preferred: Kind | null = null
  let most = 0
  for (const range of accept?.split(',') ?? []) {
    const [type = '', ...params] = range.split(';').map((part) => part.trim().toLowerCase())
    const kind = KINDS.get(type)
    const weight = weightIn(params)
    if (kind === undefined || weight <= most) continue
    preferred = kind
    most = weight
  }
  return preferred
}

/** Returns the `q` of a range; 1 if it is missing or no number. */
function weightIn(params: readonly string[]): number {
  const weight = Number(params.find((each) => each.startsWith('q='))?.slice(2) ?? 1)
  return Number.isNaN(weight) ? 1 : weight
}

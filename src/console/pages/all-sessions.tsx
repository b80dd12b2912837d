/** @jsxImportSource preact */
import type { Session } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { EndMany } from '../parts/end-many.tsx'
import { Layout } from '../parts/layout.tsx'
import { type Filter, SessionList } from '../parts/session-list.tsx'
import { TextField } from '../parts/text-field.tsx'

export interface AllSessionsData {
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
  readonly query: URLSearchParams
}

const FIELDS = [
  ['uname', 'User'],
  ['address', 'Address'],
  ['handle', 'Handle'],
] as const

/** Every session, to be searched and ended. */
export function AllSessionsPage({ found, query }: AllSessionsData) {
  const { now } = useSurroundings()
  const filter: Filter = Object.fromEntries(
    FIELDS.map(([name]) => [name, query.get(name) || undefined] as const).filter(
      ([, value]) => value !== undefined,
    ),
  )
  const isFiltered = Object.keys(filter).length > 0
  return (
    <Layout name="all-sessions">
      <search>
        <form class="search">
          {FIELDS.map(([name, label]) => (
            <TextField type="search" key={name} name={name} label={label} value={query.get(name) ?? ''} />
          ))}
          <button>Search</button>
          {isFiltered && <a href="/console/sessions">Show all</a>}
        </form>
      </search>
      <SessionList found={found} filter={filter} isOfMany />
      {now !== null && (!isFiltered || Object.keys(filter).join() === 'uname') && (
        <EndMany uname={filter.uname ?? null} />
      )}
    </Layout>
  )
}

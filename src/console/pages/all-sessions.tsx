/** @jsxImportSource preact */
import type { Session } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { EndMany } from '../parts/end-many.tsx'
import { Layout } from '../parts/layout.tsx'
import { type Filter, SessionList } from '../parts/session-list.tsx'
import { TextField } from '../parts/text-field.tsx'
import { Trouble } from '../parts/trouble.tsx'

export interface AllSessionsData {
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
  readonly query: URLSearchParams
  /** Why the search was refused, or null. */
  readonly problem: string | null
}

const FIELDS = [
  ['uname', 'User'],
  ['address', 'Address'],
  ['handle', 'Handle'],
] as const

/** All sessions, to search and end. */
export function AllSessionsPage({ found, query, problem }: AllSessionsData) {
  const { now } = useSurroundings()
  const filter: Filter = Object.fromEntries(
    FIELDS.map(([name]) => [name, query.get(name) || undefined] as const).filter(
      ([, value]) => value !== undefined,
    ),
  )
  const { uname } = filter
  const names = Object.keys(filter)
  const isOfUser = names.join() === 'uname'
  const none =
    problem !== null ? '' : isOfUser ? `“${uname}” has no live sessions.` : 'There is no such live session.'
  const canEnd = isOfUser ? found.sessions.length > 0 : names.length === 0
  return (
    <Layout name="all-sessions">
      <search>
        <form class="search">
          {FIELDS.map(([name, label]) => (
            <TextField type="search" key={name} name={name} label={label} value={query.get(name) ?? ''} />
          ))}
          <button>Search</button>
          {names.length > 0 && <a href="/console/sessions">Show all</a>}
        </form>
      </search>
      <Trouble text={problem} />
      <SessionList found={found} filter={filter} none={none} isOfMany />
      {now !== null && canEnd && <EndMany uname={uname ?? null} />}
    </Layout>
  )
}

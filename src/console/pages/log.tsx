/** @jsxImportSource preact */
import type { LogEvent } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { EVENT_NAMES, isBad, saidOf } from '../events.ts'
import { pathOfUser } from '../pages.ts'
import { Layout } from '../parts/layout.tsx'
import { More } from '../parts/more.tsx'
import { usePaged } from '../parts/paged.ts'
import { type Column, Table } from '../parts/table.tsx'
import { TextField } from '../parts/text-field.tsx'
import { Time } from '../parts/time.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { shownNumber } from '../words.ts'

export interface LogData {
  readonly log: { readonly events: readonly LogEvent[]; readonly next: string | null }
  readonly query: URLSearchParams
  /** Why the search was refused, or null. */
  readonly problem: string | null
}

const columns: readonly Column<LogEvent>[] = [
  { name: 'Time', cell: ({ at }) => <Time at={at} isExact /> },
  {
    name: 'User',
    kind: 'main',
    cell: ({ uname = '' }) =>
      uname !== '' && (
        <a class="name" href={pathOfUser(uname)}>
          {uname}
        </a>
      ),
  },
  {
    name: 'Event',
    kind: 'said',
    cell: (event) => (
      <>
        <span class={isBad(event) ? 'trouble' : undefined}>{saidOf(event)}</span>{' '}
        {event.more !== undefined && <strong class="tag">{shownNumber(event.more)} more</strong>}
        {event.since !== undefined && (
          <small>
            {' '}
            since <Time at={event.since} isExact />
          </small>
        )}
      </>
    ),
  },
  { name: 'Address', kind: 'address', cell: addressOf },
  { name: 'Session', kind: 'key', cell: ({ handle }) => handle },
]

/** A counted event has a network instead of an address, or came from several. */
function addressOf({ address, network, more }: LogEvent): string | undefined {
  return address ?? network ?? (more === undefined ? undefined : 'several networks')
}

const FILTERS = ['uname', 'event', 'address', 'from', 'to'] as const

/** The security log: events about logins, newest first. */
export function LogPage({ log, query, problem }: LogData) {
  const { cloakroom } = useSurroundings()
  const filter = Object.fromEntries(FILTERS.map((name) => [name, query.get(name) || undefined] as const))
  const isFiltered = Object.values(filter).some((value) => value !== undefined)
  const paged = usePaged({ items: log.events, next: log.next }, async (after) => {
    const { events, next } = await cloakroom.log({ ...filter, after })
    return { items: events, next }
  })
  return (
    <Layout name="log">
      <search>
        <form class="search">
          <TextField type="search" name="uname" label="User" value={filter['uname'] ?? ''} />
          <EventField event={filter['event'] ?? ''} />
          <TextField type="search" name="address" label="Address" value={filter['address'] ?? ''} />
          <TextField type="date" name="from" label="From (UTC)" value={filter['from'] ?? ''} />
          <TextField type="date" name="to" label="To (UTC)" value={filter['to'] ?? ''} />
          <button>Search</button>
          {isFiltered && <a href="/console/log">Show all</a>}
        </form>
      </search>
      <Trouble text={problem} />
      {paged.items.length === 0 && problem === null && (
        <p class="empty" role="status">
          {paged.hasMore ? 'Nothing found yet.' : 'No such event in the log.'}
        </p>
      )}
      {paged.items.length > 0 && (
        <Table label="Events" columns={columns} rows={paged.items} keyOf={({ at }, i) => `${at} ${i}`} />
      )}
      <More paged={paged} what="events" />
    </Layout>
  )
}

/** Selects a kind of event, from the known ones and the one that the page was asked for. */
function EventField({ event }: { readonly event: string }) {
  const isKnown = event === '' || EVENT_NAMES.some(([each]) => each === event)
  return (
    <div class="field">
      <label for="event">Event</label>
      <select id="event" name="event">
        <option value="">Any</option>
        {[...EVENT_NAMES, ...(isKnown ? [] : [[event, event] as const])].map(([value, name]) => (
          <option key={value} value={value} selected={value === event}>
            {name}
          </option>
        ))}
      </select>
    </div>
  )
}

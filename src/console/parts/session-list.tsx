/** @jsxImportSource preact */
import { useEffect, useState } from 'preact/hooks'
import type { Session } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { Confirm } from './confirm.tsx'
import { More } from './more.tsx'
import { usePaged } from './paged.ts'
import { endColumn, handleColumn, nameOfEnd, sessionColumns, userColumn } from './session-columns.tsx'
import { SessionFacts } from './session-facts.tsx'
import { Table } from './table.tsx'

/** The filter of a search for sessions. */
export interface Filter {
  readonly uname?: string | undefined
  readonly address?: string | undefined
  readonly handle?: string | undefined
}

interface SessionListProps {
  /** The first page. */
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
  readonly filter: Filter
  /** The text for an empty list. */
  readonly none: string
  /** Whether the list shows the user of each session. */
  readonly isOfMany?: boolean
}

/** Sessions of any user, with a button to end each. */
export function SessionList({ found, filter, none, isOfMany = false }: SessionListProps) {
  const { now, me, cloakroom, notify } = useSurroundings()
  const paged = usePaged({ items: found.sessions, next: found.next }, async (after) => {
    const { sessions, next } = await cloakroom.allSessions({ ...filter, after })
    return { items: sessions, next }
  })
  const [ending, setEnding] = useState<Session | null>(null)
  // A search may find nothing on its first pages, so it continues until there is something to show.
  useEffect(() => {
    if (paged.items.length === 0 && paged.hasMore) void paged.more()
  }, [])
  const end = async ({ handle, uname }: Session, yourPassword: string | undefined) => {
    await cloakroom.revokeAny({ handle }, { yourPassword })
    notify(`Ended a session of ${uname}.`)
    paged.drop((session) => session.handle === handle)
  }
  const isLooking = paged.attempt.busy && paged.items.length === 0
  const endButton = endColumn<Session>((session) => (
    <button class="quiet" aria-label={nameOfEnd(session, false)} onClick={() => setEnding(session)}>
      End
    </button>
  ))
  const columns = [
    ...(isOfMany ? [userColumn] : []),
    ...sessionColumns<Session>(me.handle, isOfMany),
    handleColumn,
    ...(now === null ? [] : [endButton]),
  ]
  return (
    <>
      {paged.items.length === 0 ? (
        <p class="empty" role="status">
          {isLooking ? 'Searching…' : none}
        </p>
      ) : (
        <Table label="Sessions" columns={columns} rows={paged.items} keyOf={({ handle }) => handle} />
      )}
      <More paged={paged} what="sessions" />
      {ending !== null && (
        <Confirm
          title={`End this session of “${ending.uname}”?`}
          action="End session"
          onConfirm={(yourPassword) => end(ending, yourPassword)}
          onClose={() => setEnding(null)}
        >
          <SessionFacts session={ending} />
          {ending.handle === me.handle && (
            <p class="note">This is the session that you are using. You will be logged out.</p>
          )}
        </Confirm>
      )}
    </>
  )
}

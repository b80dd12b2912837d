/** @jsxImportSource preact */
import { useEffect, useState } from 'preact/hooks'
import type { Session } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pathOfUser } from '../pages.ts'
import { deviceOf } from '../words.ts'
import { Confirm } from './confirm.tsx'
import { More } from './more.tsx'
import { usePaged } from './paged.ts'
import { SessionFacts } from './session-facts.tsx'

/** Which sessions are looked for. */
export interface Filter {
  readonly uname?: string | undefined
  readonly address?: string | undefined
  readonly handle?: string | undefined
}

interface SessionListProps {
  /** The first page. */
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
  readonly filter: Filter
  /** Whether it says whose each is. */
  readonly isOfMany?: boolean
}

/** Sessions of whomever, with a button to end each. */
export function SessionList({ found, filter, isOfMany = false }: SessionListProps) {
  const { now, me, cloakroom, notify } = useSurroundings()
  const paged = usePaged({ items: found.sessions, next: found.next }, async (after) => {
    const { sessions, next } = await cloakroom.allSessions({ ...filter, after })
    return { items: sessions, next }
  })
  const [ending, setEnding] = useState<Session | null>(null)
  // A search may find nothing on its first pages: it goes on by itself until there is something to show.
  useEffect(() => {
    if (paged.items.length === 0 && paged.hasMore) void paged.more()
  }, [])
  const end = async ({ handle, uname }: Session) => {
    await cloakroom.revokeAny({ handle })
    notify(`Ended a session of ${uname}.`)
    paged.drop((session) => session.handle === handle)
  }
  const isLooking = paged.attempt.busy && paged.items.length === 0
  return (
    <>
      {paged.items.length === 0 && (
        <p class="empty" role="status">
          {isLooking ? 'Looking…' : 'There is no such live session.'}
        </p>
      )}
      <ul class="rows">
        {paged.items.map((session) => (
          <li key={session.handle}>
            <div class="facts">
              {isOfMany && (
                <a class="name" href={pathOfUser(session.uname)}>
                  {session.uname}
                </a>
              )}
              <SessionFacts session={session} />
              <small class="key">{session.handle}</small>
            </div>
            {session.handle === me.handle && <strong class="tag">this one</strong>}
            {now !== null && (
              <button
                class="plain"
                aria-label={`End the session of ${session.uname}, ${deviceOf(session.userAgent)} from ${session.address}`}
                onClick={() => setEnding(session)}
              >
                End
              </button>
            )}
          </li>
        ))}
      </ul>
      <More paged={paged} what="sessions" />
      {ending !== null && (
        <Confirm
          title={`End this session of ${ending.uname}?`}
          action="End session"
          onConfirm={() => end(ending)}
          onClose={() => setEnding(null)}
        >
          <SessionFacts session={ending} />
          {ending.handle === me.handle && (
            <p class="note">It is the one that you are using: you will be logged out.</p>
          )}
        </Confirm>
      )}
    </>
  )
}

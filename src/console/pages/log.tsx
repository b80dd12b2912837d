/** @jsxImportSource preact */
import type { LogEvent } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { Layout } from '../parts/layout.tsx'
import { More } from '../parts/more.tsx'
import { usePaged } from '../parts/paged.ts'
import { TextField } from '../parts/text-field.tsx'
import { Time } from '../parts/time.tsx'
import { counted, shownNumber } from '../words.ts'

export interface LogData {
  readonly log: { readonly events: readonly LogEvent[]; readonly next: string | null }
  readonly query: URLSearchParams
}

/** What concerned who may log in, newest first. */
export function LogPage({ log, query }: LogData) {
  const { cloakroom } = useSurroundings()
  const uname = query.get('uname') || undefined
  const paged = usePaged({ items: log.events, next: log.next }, async (after) => {
    const { events, next } = await cloakroom.log({ uname, after })
    return { items: events, next }
  })
  return (
    <Layout name="log">
      <search>
        <form class="search">
          <TextField type="search" name="uname" label="User" value={uname ?? ''} />
          <button>Search</button>
          {uname !== undefined && <a href="/console/log">Show all</a>}
        </form>
      </search>
      {paged.items.length === 0 && <p class="empty">Nothing of that kind has happened lately.</p>}
      <ul class="rows">
        {paged.items.map((event, i) => (
          <li key={`${event.at} ${i}`}>
            <div class="facts">
              <span class={isBad(event) ? 'trouble' : undefined}>
                {(event.uname ?? '') !== '' && <strong class="name">{event.uname}</strong>} {said(event)}
              </span>
              <small>
                <Time at={event.at} />
                {event.address !== undefined && (
                  <>
                    {' '}
                    · from <span class="address">{event.address}</span>
                  </>
                )}
                {event.handle !== undefined && (
                  <>
                    {' '}
                    · session <span class="key">{event.handle}</span>
                  </>
                )}
              </small>
            </div>
          </li>
        ))}
      </ul>
      <More paged={paged} what="events" />
    </Layout>
  )
}

const BAD = ['login_failed', 'login_throttled', 'password_refused', 'refused', 'refused_foreign']

const isBad = ({ event }: LogEvent) => BAD.includes(event)

const byAdmin = ({ admin }: LogEvent) => (admin === undefined ? '' : ` by ${admin}`)

/** What happened, after the name of whom it happened to. A kind that is new is called what the log calls it. */
function said(event: LogEvent): string {
  if (event.more !== undefined) return `${event.event}: ${shownNumber(event.more)} more at that moment`
  const somebody = (event.uname ?? '') === '' ? 'Somebody ' : ''
  const ended = event.ended === undefined ? '' : `; ${counted(event.ended, 'session')} ended`
  switch (event.event) {
    case 'login':
      return 'logged in'
    case 'login_failed':
      return event.code === 'busy'
        ? `${somebody}could not log in: too many logins were under way`
        : `${somebody}could not log in: wrong name or password`
    case 'login_throttled':
      return `${somebody}was held back after too many wrong passwords`
    case 'logout':
      return 'logged out'
    case 'revoke':
      return saidOfRevocation(event) + ended
    case 'revoke_others':
      return `ended all own sessions elsewhere${ended}`
    case 'password_change':
      return `changed the password${ended}`
    case 'password_refused':
      return `gave a password that was refused (${event.code ?? ''})`
    case 'user_create':
      return `was made${byAdmin(event)}`
    case 'user_update':
      return `was changed${byAdmin(event)}: ${(event.changed ?? []).join(', ')}${ended}`
    case 'user_delete':
      return `was deleted${byAdmin(event)}${ended}`
    case 'refused':
    case 'refused_foreign':
      return `${somebody}sent a request that was refused (${event.code ?? ''}) to ${event.path ?? ''}`
    default:
      return event.event
  }
}

function saidOfRevocation(event: LogEvent): string {
  if (event.all === true) return `All sessions were ended${byAdmin(event)}`
  if (event.admin === undefined) return `ended the own session ${event.revoked}`
  return event.uname === undefined
    ? `The session ${event.revoked} was ended${byAdmin(event)}`
    : `was logged out everywhere${byAdmin(event)}`
}

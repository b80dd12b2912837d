/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { OwnSession } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Layout } from '../parts/layout.tsx'
import { PasswordField } from '../parts/password-field.tsx'
import { usePolled } from '../parts/polled.ts'
import { Proof } from '../parts/proof.tsx'
import { SessionFacts } from '../parts/session-facts.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { counted, deviceOf, shownNumber } from '../words.ts'

export interface SessionsData {
  /** The latest of them; `next`: there are more. */
  readonly list: { readonly sessions: readonly OwnSession[]; readonly next: string | null }
  readonly problem: string | null
}

/** What is to end, once that has been asked. */
type Ending = OwnSession | 'others' | null

/** Sessions that are shown without asking: to draw ten thousand would keep the server, and whoever else asks, waiting for long. */
const SHOWN = 200

/** Where the user is logged in, with a way to end what is not theirs. */
export function SessionsPage({ list, problem }: SessionsData) {
  const { me, now, cloakroom, notify } = useSurroundings()
  const [{ sessions, next }, refresh, trouble] = usePolled(list, () =>
    cloakroom.sessionsPage({}, { background: true }),
  )
  const [ending, setEnding] = useState<Ending>(null)
  const [password, setPassword] = useState('')
  const [isWhole, setIsWhole] = useState(false)
  const shown = sessions.filter(({ current }, i) => isWhole || current || i < SHOWN)
  const isFresh = now !== null && now < Date.parse(me.freshUntil)
  const others = sessions.filter(({ current }) => !current)
  const all =
    next === null ? counted(sessions.length, 'session') : `more than ${shownNumber(sessions.length)} sessions`
  const endsOthers = next === null ? `End ${counted(others.length, 'session')}` : 'End them all'
  const end = async (given: string | undefined) => {
    if (ending === null) return
    const ended = await cloakroom.revoke(ending === 'others' ? { others: true } : { handle: ending.handle }, {
      yourPassword: given,
    })
    notify(`Ended ${counted(ended, 'session')}.`)
    await refresh()
  }
  const ask = (which: Ending) => (event: Event) => {
    event.preventDefault()
    setEnding(which)
  }
  return (
    <Layout name="sessions">
      <p>Everywhere that you are logged in. End what you do not know, and change your password then.</p>
      <Trouble text={problem} />
      <Trouble text={trouble} />
      <form action="/sessions" method="post">
        {/* Enter in a field presses the first button of a form, and nothing if that is disabled: else a session would end. */}
        <button disabled hidden />
        <Proof />
        <ul class="rows">
          {shown.map((session) => (
            <li key={session.handle}>
              <SessionFacts session={session} />
              {session.current ? (
                <strong class="tag">this one</strong>
              ) : (
                <button
                  class="plain"
                  name="handle"
                  value={session.handle}
                  aria-label={`End the session of ${deviceOf(session.userAgent)} from ${session.address}`}
                  onClick={ask(session)}
                >
                  End
                </button>
              )}
            </li>
          ))}
        </ul>
        {(shown.length < sessions.length || next !== null) && (
          <p class="empty">
            These are the latest {shownNumber(shown.length)} of {all}.{' '}
            {now !== null && shown.length < sessions.length && (
              <button type="button" class="link" onClick={() => setIsWhole(true)}>
                Show {next === null ? 'all' : shownNumber(sessions.length)}
              </button>
            )}
          </p>
        )}
        {others.length === 0 && next === null ? (
          <p class="empty">You are logged in nowhere else.</p>
        ) : (
          <>
            {now === null && (
              <PasswordField
                label="Your password, again"
                uname={me.uname}
                name="password"
                autocomplete="current-password"
                hint="Not needed shortly after the login."
                value={password}
                onValue={setPassword}
                required={false}
              />
            )}
            <button class="danger" name="others" value="true" onClick={ask('others')}>
              End all others
            </button>
          </>
        )}
      </form>
      {ending !== null && (
        <Confirm
          title={ending === 'others' ? 'End all your other sessions?' : 'End this session?'}
          action={ending === 'others' ? endsOthers : 'End session'}
          asksPassword={!isFresh}
          onConfirm={end}
          onClose={() => setEnding(null)}
        >
          {ending === 'others' ? (
            <p>Whoever uses them is logged out at once. You stay logged in here.</p>
          ) : (
            <SessionFacts session={ending} />
          )}
        </Confirm>
      )}
    </Layout>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { OwnSession } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pages } from '../pages.ts'
import { Confirm } from '../parts/confirm.tsx'
import { Layout } from '../parts/layout.tsx'
import { PasswordField } from '../parts/password-field.tsx'
import { usePolled } from '../parts/polled.ts'
import { Proof } from '../parts/proof.tsx'
import { endColumn, nameOfEnd, sessionColumns } from '../parts/session-columns.tsx'
import { SessionFacts } from '../parts/session-facts.tsx'
import { Table } from '../parts/table.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { counted, shownNumber } from '../words.ts'

export interface SessionsData {
  /** The latest sessions; `next`: there are more. */
  readonly list: { readonly sessions: readonly OwnSession[]; readonly next: string | null }
  readonly problem: string | null
}

/** What will end if the user confirms. */
type Ending = OwnSession | 'others' | null

/** How many sessions are shown at first: rendering 10,000 would block the server for everybody. */
const INITIALLY_SHOWN = 200

/** The user's own sessions, with a way to end the ones the user does not recognize. */
export function SessionsPage({ list, problem }: SessionsData) {
  const { me, now, cloakroom, notify } = useSurroundings()
  const [{ sessions, next }, refresh, trouble] = usePolled(list, () =>
    cloakroom.sessionsPage({}, { background: true }),
  )
  const [ending, setEnding] = useState<Ending>(null)
  const [password, setPassword] = useState('')
  const [isWhole, setIsWhole] = useState(false)
  const shown = sessions.filter(({ current }, i) => isWhole || current || i < INITIALLY_SHOWN)
  const others = sessions.filter(({ current }) => !current)
  const all =
    next === null ? counted(sessions.length, 'session') : `more than ${shownNumber(sessions.length)} sessions`
  const endsOthers = next === null ? `End ${counted(others.length, 'session')}` : 'End them all'
  const end = async (yourPassword: string | undefined) => {
    if (ending === null) return
    const which = ending === 'others' ? ({ others: true } as const) : { handle: ending.handle }
    const ended = await cloakroom.revoke(which, { yourPassword })
    notify(`Ended ${counted(ended, 'session')}.`)
    await refresh()
  }
  const ask = (which: Ending) => (event: Event) => {
    event.preventDefault()
    setEnding(which)
  }
  const endButton = endColumn<OwnSession>(
    (session) =>
      !session.current && (
        <button
          class="quiet"
          name="handle"
          value={session.handle}
          aria-label={nameOfEnd(session, true)}
          onClick={ask(session)}
        >
          End
        </button>
      ),
  )
  return (
    <Layout name="sessions">
      <p>
        You are logged in. Your sessions are listed below. End any that you do not recognize, then{' '}
        <a href={pages.password.path}>change your password</a>.
      </p>
      <Trouble text={problem ?? trouble} />
      <form action="/sessions" method="post">
        {/*
         * Enter in a field presses the form's first button: a disabled one, so that no session ends by
         * accident.
         */}
        <button disabled hidden />
        <Proof />
        <Table
          label="Your sessions"
          columns={[...sessionColumns<OwnSession>(me.handle, false), endButton]}
          rows={shown}
          keyOf={({ handle }) => handle}
        />
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
          <p class="empty">You are not logged in anywhere else.</p>
        ) : (
          <>
            {now === null && (
              <PasswordField
                label="Your password"
                uname={me.uname}
                name="your_password"
                autocomplete="current-password"
                hint="To end other sessions. You can leave it empty if you have just logged in."
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
      <p class="foot">
        For developers: <a href={pages.session.path}>the data of this session</a>.
      </p>
      {ending !== null && (
        <Confirm
          title={ending === 'others' ? 'End all your other sessions?' : 'End this session?'}
          action={ending === 'others' ? endsOthers : 'End session'}
          onConfirm={end}
          onClose={() => setEnding(null)}
        >
          {ending === 'others' ? (
            <p>Whoever is using them is logged out at once. You stay logged in here.</p>
          ) : (
            <SessionFacts session={ending} />
          )}
        </Confirm>
      )}
    </Layout>
  )
}

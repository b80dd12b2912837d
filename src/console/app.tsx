/** @jsxImportSource preact */
import type { ComponentType } from 'preact'
import { useCallback, useEffect, useMemo, useState } from 'preact/hooks'
import { Cloakroom, Problem } from '../client/cloakroom.js'
import type { Info } from '../client/types.js'
import { SurroundingsContext } from './context.ts'
import { type Live, openLive } from './live.ts'
import { AllSessionsPage } from './pages/all-sessions.tsx'
import { LogPage } from './pages/log.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { PasswordPage } from './pages/password.tsx'
import { SessionPage } from './pages/session.tsx'
import { SessionsPage } from './pages/sessions.tsx'
import { UserPage } from './pages/user.tsx'
import { UsersPage } from './pages/users.tsx'
import type { PageName } from './pages.ts'
import { leave, watchLeaving } from './parts/attempt.ts'
import { Guarded, useFailure } from './parts/failures.tsx'
import { type Notice, Notices } from './parts/notices.tsx'
import { useProving } from './parts/proving.tsx'
import { Trouble } from './parts/trouble.tsx'

/**
 * A page as the server sends it: what it shows, and the state that its script starts from. All of it is JSON.
 */
export interface Shown {
  readonly name: PageName
  /** The API responses that the page shows, by name, and `me`, the response of `session/info`. */
  readonly data: Readonly<Record<string, unknown>>
  readonly csrfToken: string | null
  /** The query of the page's URL, without the `?`. */
  readonly query: string
  /** Why a form that was sent without scripts was refused, or null. */
  readonly problem: string | null
}

/** Milliseconds for which a notice stays. */
const NOTICE_MS = 10_000

/** Milliseconds between updates of times like “3 minutes ago”. */
const CLOCK_MS = 30_000

/** For a page that is only rendered and receives no changes. */
const still: Live = { listen: () => () => {}, watchState: () => () => {} }

/** A whole page, rendered by the server and then hydrated by the browser. */
export function App({ name, data, csrfToken, query, problem }: Shown) {
  const me = data['me'] as Info
  const cloakroom = useMemo(() => new Cloakroom({ csrfToken }), [csrfToken])
  const [now, setNow] = useState<number | null>(null)
  const [live, setLive] = useState<Live>(still)
  const [notice, setNotice] = useState<Notice | null>(null)
  const notify = useCallback((text: string, undo: (() => Promise<unknown>) | null = null) => {
    const notice = { id: performance.now(), text, undo }
    setNotice(notice)
    setTimeout(() => setNotice((now) => (now === notice ? null : now)), NOTICE_MS)
  }, [])
  useEffect(() => {
    watchLeaving()
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), CLOCK_MS)
    const opened = openLive(cloakroom, () => hasEnded(cloakroom, me))
    setLive(opened)
    let isLost = false
    const stops = [
      opened.listen(({ kind }) => {
        if (kind === 'end') leave()
      }),
      // While the connection was lost, the session may have ended and another user may have logged in with
      // this browser.
      opened.watchState(async (state) => {
        const isBack = isLost && state === 'open'
        isLost = state === 'lost'
        if (isBack && (await hasEnded(cloakroom, me))) leave()
      }),
    ]
    return () => {
      clearInterval(timer)
      for (const stop of stops) stop()
    }
  }, [cloakroom])
  const Content = contents[name] as ComponentType<Asked>
  const [prove, passwordDialog] = useProving()
  const failure = useFailure()
  const surroundings = { me, csrfToken, cloakroom, live, now, notify, prove }
  return (
    <SurroundingsContext value={surroundings}>
      <div class="page">
        <Trouble problem={failure} />
        <Guarded>
          <Content {...data} query={new URLSearchParams(query)} problem={problem} />
        </Guarded>
      </div>
      {passwordDialog}
      <Notices notice={notice} onGone={() => setNotice(null)} />
    </SurroundingsContext>
  )
}

/** Tells whether this page's session has ended. The browser may have another session by now. */
async function hasEnded(cloakroom: Cloakroom, { handle }: Info): Promise<boolean> {
  try {
    return (await cloakroom.info({ background: true })).handle !== handle
  } catch (error) {
    return error instanceof Problem && error.code === 'not_logged_in'
  }
}

/** What every page receives besides its own data. */
interface Asked {
  readonly query: URLSearchParams
  readonly problem: string | null
}

/**
 * The content of each page. `http/console.ts` names its calls; the client's types describe their responses.
 */
const contents: Readonly<Record<PageName, ComponentType<never>>> = {
  session: SessionPage,
  sessions: SessionsPage,
  password: PasswordPage,
  overview: OverviewPage,
  'all-sessions': AllSessionsPage,
  users: UsersPage,
  user: UserPage,
  log: LogPage,
}

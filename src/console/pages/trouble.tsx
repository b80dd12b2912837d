/** @jsxImportSource preact */
import { pages } from '../pages.ts'
import { Brand } from '../parts/brand.tsx'
import { Frame, type Named } from '../parts/layout.tsx'

export interface TroubleData {
  readonly code: string
  readonly title: string
  readonly detail: string
  readonly requestId: string | null
}

/** The logged-in user. */
export interface TroubleUser {
  readonly me: Named
  readonly csrfToken: string | null
}

/** What a visitor sees in place of a page that failed. */
export const TroublePage = (data: TroubleData) => (
  <main class="sheet">
    <Brand />
    <h1>{data.title}</h1>
    <Detail {...data} />
    <p>
      <a href="/index.csp">Go to the front page</a>
    </p>
  </main>
)

/** What a logged-in user sees in place of a page that failed: the navigation and the logout stay. */
export const UserTroublePage = ({ me, csrfToken, ...data }: TroubleData & TroubleUser) => (
  <div class="page">
    <Frame me={me} csrfToken={csrfToken} name={null}>
      <main id="main" tabIndex={-1}>
        <h1>{data.title}</h1>
        <Detail {...data} />
        <p>
          {data.code === 'no_such_user' ? (
            <a href={pages.users.path}>All users</a>
          ) : (
            <a href="/index.csp">Back to your sessions</a>
          )}
        </p>
      </main>
    </Frame>
  </div>
)

const Detail = ({ detail, requestId }: TroubleData) => (
  <>
    <p>{detail}</p>
    {requestId !== null && (
      <p>
        Request id: <span class="key">{requestId}</span>
      </p>
    )}
  </>
)

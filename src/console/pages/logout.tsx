/** @jsxImportSource preact */
import { Brand } from '../parts/brand.tsx'

export interface LogoutData {
  /** Null: the session has no CSRF protection, or there is no session. */
  readonly csrfToken: string | null
  /** Where the next login leads. */
  readonly returnTo: string | null
}

/** Asks before it logs out, since a link or another site may have led here. Works without scripts. */
export const Logout = ({ csrfToken, returnTo }: LogoutData) => (
  <main class="sheet">
    <Brand />
    <h1>Log out?</h1>
    <p>A link led you here. You stay logged in until you press the button.</p>
    <form action="/login/logout.csp" method="post">
      {csrfToken !== null && <input type="hidden" name="CSRFToken" value={csrfToken} />}
      <input type="hidden" name="clear" value="true" />
      {returnTo !== null && <input type="hidden" name="return_to" value={returnTo} />}
      <button>Log out</button>
    </form>
    <p>
      <a href="/index.csp">Stay logged in</a>
    </p>
  </main>
)

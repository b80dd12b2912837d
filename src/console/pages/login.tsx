/** @jsxImportSource preact */
import { Brand } from '../parts/brand.tsx'
import { Trouble } from '../parts/trouble.tsx'

/** The field with which the form says that its page set a cookie, which must come back with the login. */
export const COOKIE_EXPECTED = 'cookie_expected'

export interface LoginData {
  /** What went wrong the last time, or null. */
  readonly message: string | null
  readonly uname: string
  /** Where the login leads. The form carries it, so no store has to remember it. */
  readonly returnTo: string | null
}

/** A plain form, which works without scripts and for programs that look for its action and fields. */
export const Login = ({ message, uname, returnTo }: LoginData) => (
  <main class="sheet">
    <Brand />
    <h1>Log in</h1>
    <Trouble text={message} />
    <form class="login" action="z_security_check" method="post">
      <label for="z_username">User name</label>
      <input
        id="z_username"
        name="z_username"
        value={uname}
        autocomplete="username"
        autocapitalize="none"
        spellcheck={false}
        required
        autofocus={uname === ''}
      />
      <label for="z_password">Password</label>
      <input
        id="z_password"
        name="z_password"
        type="password"
        autocomplete="current-password"
        required
        autofocus={uname !== ''}
      />
      <input type="hidden" name={COOKIE_EXPECTED} value="true" />
      {returnTo !== null && <input type="hidden" name="return_to" value={returnTo} />}
      <button>Log in</button>
    </form>
  </main>
)

import { STYLE } from './style.ts'

/** Text that is to appear as it is, whatever it holds. */
const text = (value: string) => Bun.escapeHTML(value)

const page = (title: string, content: string, kind = '') => `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${text(title)} · Cloakroom</title>
<style>${STYLE}</style>
</head>
<body>
<main${kind === '' ? '' : ` class="${kind}"`}>
<p class="name">Cloakroom</p>
<h1>${text(title)}</h1>
${content}
</main>
</body>
</html>
`

interface LoginPage {
  /** What went wrong the last time, or null. */
  readonly message: string | null
  readonly uname: string
  /** Where the login leads; goes through the form, so that no store has to remember it. */
  readonly returnTo: string | null
}

/** A plain form, which works without scripts and for programs that look for its action and its fields. */
export const loginPage = ({ message, uname, returnTo }: LoginPage): string =>
  page(
    'Log in',
    `${message === null ? '<p>Your name and password, please.</p>' : `<p class="bad" role="alert">${text(message)}</p>`}
<form class="login" action="z_security_check" method="post">
<label for="z_username">User name</label>
<input id="z_username" name="z_username" value="${text(uname)}" autocomplete="username" autocapitalize="none" spellcheck="false" required${uname === '' ? ' autofocus' : ''}>
<label for="z_password">Password</label>
<input id="z_password" name="z_password" type="password" autocomplete="current-password" required${uname === '' ? '' : ' autofocus'}>
${returnTo === null ? '' : `<input type="hidden" name="return_to" value="${text(returnTo)}">\n`}<button>Log in</button>
</form>`,
  )

interface FrontPage {
  readonly uname: string
  readonly fullname: string
  readonly roles: readonly string[]
  readonly beganAt: string
  readonly endsAt: string
  /** Null: the session has no CSRF protection. */
  readonly csrfToken: string | null
}

const tokenField = (csrfToken: string | null) =>
  csrfToken === null ? '' : `<input type="hidden" name="CSRFToken" value="${text(csrfToken)}">`

const logOutForm = (csrfToken: string | null) =>
  `<form action="/login/logout.csp" method="post">${tokenField(csrfToken)}<button>Log out</button></form>`

export const frontPage = ({ uname, fullname, roles, beganAt, endsAt, csrfToken }: FrontPage): string =>
  page(
    fullname === '' ? uname : fullname,
    `<p>You are logged in.</p>
<dl>
<dt>User</dt><dd>${text(uname)}</dd>
<dt>Roles</dt><dd>${roles.length === 0 ? 'none' : text(roles.join(', '))}</dd>
<dt>Since</dt><dd>${text(beganAt)}</dd>
<dt>Until</dt><dd>${text(endsAt)}, later if you use it</dd>
<dt>CSRF protection</dt><dd>${csrfToken === null ? 'off' : 'on'}</dd>
</dl>
<p><a href="/sessions">Your sessions</a></p>
${logOutForm(csrfToken)}`,
  )

interface SessionsPage {
  readonly csrfToken: string | null
  readonly sessions: readonly {
    readonly handle: string
    readonly beganAt: string
    readonly usedAt: string
    readonly address: string
    readonly userAgent: string
    readonly current: boolean
  }[]
}

/** Where a user is logged in, with a button to end each of the others. */
export const sessionsPage = ({ csrfToken, sessions }: SessionsPage): string =>
  page(
    'Your sessions',
    `<p>Everywhere that you are logged in. <a href="/index.csp">Back</a></p>
<ul>
${sessions
  .map(
    ({ handle, beganAt, usedAt, address, userAgent, current }) => `<li>
<div><span class="agent">${text(userAgent === '' ? 'A program' : userAgent)}</span><small>from ${text(address)} · since ${text(beganAt)} · last used ${text(usedAt)}</small></div>
${current ? '<strong>this one</strong>' : `<form action="/sessions" method="post">${tokenField(csrfToken)}<input type="hidden" name="handle" value="${text(handle)}"><button class="plain" aria-label="End the session from ${text(address)} since ${text(beganAt)}">End</button></form>`}
</li>`,
  )
  .join('\n')}
</ul>
${logOutForm(csrfToken)}`,
    'wide',
  )

export const problemPage = (title: string, detail: string): string =>
  page(title, `<p>${text(detail)}</p>\n<p><a href="/index.csp">To the front page</a></p>`)

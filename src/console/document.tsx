/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { renderToString } from 'preact-render-to-string'
import { App, type Shown } from './app.tsx'
import { scriptOfPages } from './bundle.ts'
import { Login, type LoginData } from './pages/login.tsx'
import { Logout, type LogoutData } from './pages/logout.tsx'
import { type TroubleData, TroublePage, type TroubleUser, UserTroublePage } from './pages/trouble.tsx'
import { pages } from './pages.ts'
import { STYLE } from './style.ts'

/** The icon: the cloakroom tag, as the browser shows it with the page. */
const ICON = `data:image/svg+xml,${encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path fill="#a34a59" d="M8 2h8a3 3 0 0 1 3 3v14a3 3 0 0 1-3 3H8a3 3 0 0 1-3-3V5a3 3 0 0 1 3-3Zm4 3a1.75 1.75 0 1 0 0 3.5A1.75 1.75 0 0 0 12 5Z"/></svg>',
)}`

/** JSON that cannot end an HTML element, whatever it contains. */
const embedded = (value: unknown) => JSON.stringify(value).replaceAll('<', '\\u003c')

interface DocumentProps {
  readonly title: string
  readonly script?: string
  readonly children: ComponentChildren
}

/** A page as the server sends it, and whether it runs our script. */
export interface Drawn {
  readonly html: string
  readonly hasScript: boolean
}

const documentOf = ({ title, script, children }: DocumentProps): Drawn => ({
  hasScript: script !== undefined,
  html: `<!doctype html>\n${renderToString(
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <link rel="icon" href={ICON} />
        <title>{title} · Cloakroom</title>
        <style dangerouslySetInnerHTML={{ __html: STYLE }} />
        {script !== undefined && <script type="module" src={script} />}
      </head>
      <body>{children}</body>
    </html>,
  )}\n`,
})

export const loginDocument = (data: LoginData): Drawn =>
  documentOf({ title: 'Log in', children: <Login {...data} /> })

export const logoutDocument = (data: LogoutData): Drawn =>
  documentOf({ title: 'Log out', children: <Logout {...data} /> })

/** Shown in place of a page that failed. It has no script, so it can be shown whatever is wrong. */
export const troubleDocument = (data: TroubleData, user: TroubleUser | null): Drawn =>
  documentOf({
    title: data.title,
    children: user === null ? <TroublePage {...data} /> : <UserTroublePage {...data} {...user} />,
  })

/**
 * A page for a logged-in user. It can be read, and its forms work, without scripts; with them the browser
 * continues from there.
 */
export async function pageDocument(shown: Shown): Promise<Drawn> {
  const { url } = await scriptOfPages()
  const children = (
    <>
      <div id="page">
        <App {...shown} />
      </div>
      {/* Data, not a program, so the policy need not allow it. */}
      <script id="data" type="application/json" dangerouslySetInnerHTML={{ __html: embedded(shown) }} />
    </>
  )
  return documentOf({ title: pages[shown.name].title, script: url, children })
}

/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import type { LiveState } from '../live.ts'
import { type PageFacts, type PageName, pages } from '../pages.ts'
import { Brand } from './brand.tsx'

const ADMIN = 'admin'

interface LayoutProps {
  readonly name: PageName
  /** The heading, if it differs from the navigation's. */
  readonly title?: string
  readonly children: ComponentChildren
}

/** What surrounds every page: the frame, the heading, and whether the page may be out of date. */
export function Layout({ name, title, children }: LayoutProps) {
  const { me, csrfToken, live } = useSurroundings()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => live.watchState(setState), [live])
  return (
    <Frame me={me} csrfToken={csrfToken} name={name}>
      <main id="main" tabIndex={-1} data-live={state}>
        <div role="status">
          {state === 'lost' && (
            <p class="note">
              The connection was lost. This page may be out of date until it is back. Trying again…
            </p>
          )}
        </div>
        <h1>{title ?? pages[name].title}</h1>
        {children}
      </main>
    </Frame>
  )
}

/** The logged-in user, as the frame shows it. */
export interface Named {
  readonly uname: string
  readonly fullname: string
  readonly roles: readonly string[]
}

interface FrameProps {
  readonly me: Named
  readonly csrfToken: string | null
  /** Null: an error is shown in place of a page. */
  readonly name: PageName | null
  readonly children: ComponentChildren
}

/** The navigation, the logged-in user, and the logout. */
export function Frame({ me, csrfToken, name, children }: FrameProps) {
  const linksOf = (group: PageFacts['group']) =>
    Object.entries<PageFacts>(pages)
      .filter(([, each]) => each.group === group)
      .map(([each, { path, title }]) => (
        <li key={each}>
          <a href={path} aria-current={currentOf(each, name)}>
            {title}
          </a>
        </li>
      ))
  return (
    <>
      <a class="skip" href="#main">
        Skip to the content
      </a>
      <header class="bar">
        <Brand />
        <form class="who" action="/login/logout.csp" method="post">
          {csrfToken !== null && <input type="hidden" name="CSRFToken" value={csrfToken} />}
          <input type="hidden" name="clear" value="true" />
          <span class="name" title={me.uname}>
            {me.fullname === '' ? me.uname : me.fullname}
          </span>
          <button class="plain">Log out</button>
        </form>
      </header>
      <nav aria-label="Pages">
        <ul>{linksOf('user')}</ul>
        {me.roles.includes(ADMIN) && <ul>{linksOf('admin')}</ul>}
      </nav>
      {children}
    </>
  )
}

/** Returns how the navigation marks a link: as this page, or as the page that this one belongs to. */
function currentOf(link: string, name: PageName | null): 'page' | 'true' | undefined {
  if (link === name) return 'page'
  return name !== null && link === pages[name].under ? 'true' : undefined
}

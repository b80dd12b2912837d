/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useEffect, useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import type { LiveState } from '../live.ts'
import { type PageFacts, type PageName, pages } from '../pages.ts'
import { Brand } from './brand.tsx'
import { Proof } from './proof.tsx'

const ADMIN = 'admin'

interface LayoutProps {
  readonly name: PageName
  /** What the page is called; else as in the navigation. */
  readonly title?: string
  readonly children: ComponentChildren
}

/** What stands around every page: where one can go, who is logged in, and the way out. */
export function Layout({ name, title, children }: LayoutProps) {
  const { me } = useSurroundings()
  const named = Object.entries<PageFacts>(pages).filter(([each, { under }]) => each === under)
  const linksOf = (admin: boolean) =>
    named
      .filter(([, facts]) => facts.admin === admin)
      .map(([each, facts]) => (
        <li key={each}>
          <a
            href={facts.path}
            aria-current={each === name ? 'page' : each === pages[name].under ? 'true' : undefined}
          >
            {facts.title}
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
          <Proof />
          <input type="hidden" name="clear" value="true" />
          <span class="name" title={me.uname}>
            {me.fullname === '' ? me.uname : me.fullname}
          </span>
          <button class="plain">Log out</button>
        </form>
      </header>
      <nav aria-label="Pages">
        <ul>{linksOf(false)}</ul>
        {me.roles.includes(ADMIN) && <ul>{linksOf(true)}</ul>}
      </nav>
      <main id="main" tabIndex={-1}>
        <Connection />
        <h1>{title ?? pages[name].title}</h1>
        {children}
      </main>
    </>
  )
}

const SAID: Readonly<Record<LiveState, string>> = {
  connecting: '',
  open: 'Live',
  lost: 'The connection was lost. What you see may be out of date; trying again…',
}

/** Says whether changes appear at once, or the page may be out of date. */
function Connection() {
  const { live } = useSurroundings()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => live.watchState(setState), [live])
  return (
    <p class={state === 'lost' ? 'note' : 'live'} role="status">
      {SAID[state]}
    </p>
  )
}

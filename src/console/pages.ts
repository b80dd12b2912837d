/** A page for a logged-in user. */
export interface PageFacts {
  readonly path: string
  readonly title: string
  /** The group of the navigation that lists it, if any. The group `admin` is for admins only. */
  readonly group: 'user' | 'admin' | null
  /** The page that the navigation highlights for it. */
  readonly under: string
}

/** All pages, in the order of the navigation. */
export const pages = {
  sessions: { path: '/sessions', title: 'Your sessions', group: 'user', under: 'sessions' },
  password: { path: '/password', title: 'Password', group: 'user', under: 'password' },
  session: { path: '/console/session', title: 'Session data', group: null, under: 'sessions' },
  overview: { path: '/console/overview', title: 'Overview', group: 'admin', under: 'overview' },
  'all-sessions': { path: '/console/sessions', title: 'All sessions', group: 'admin', under: 'all-sessions' },
  users: { path: '/console/users', title: 'Users', group: 'admin', under: 'users' },
  user: { path: '/console/user', title: 'User', group: null, under: 'users' },
  log: { path: '/console/log', title: 'Log', group: 'admin', under: 'log' },
} as const satisfies Readonly<Record<string, PageFacts>>

export type PageName = keyof typeof pages

/** Returns the path of a user's page. */
export const pathOfUser = (uname: string): string => `${pages.user.path}?uname=${encodeURIComponent(uname)}`

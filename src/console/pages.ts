/** A page of somebody who is logged in. */
export interface PageFacts {
  readonly path: string
  readonly title: string
  /** Whether it is for admins alone. */
  readonly admin: boolean
  /** The page that the navigation names for it. */
  readonly under: string
}

/** Which pages there are, in the order of the navigation. */
export const pages = {
  session: { path: '/index.csp', title: 'This session', admin: false, under: 'session' },
  sessions: { path: '/sessions', title: 'Your sessions', admin: false, under: 'sessions' },
  password: { path: '/password', title: 'Password', admin: false, under: 'password' },
  overview: { path: '/console/overview', title: 'Overview', admin: true, under: 'overview' },
  'all-sessions': { path: '/console/sessions', title: 'All sessions', admin: true, under: 'all-sessions' },
  users: { path: '/console/users', title: 'Users', admin: true, under: 'users' },
  user: { path: '/console/user', title: 'User', admin: true, under: 'users' },
  log: { path: '/console/log', title: 'Log', admin: true, under: 'log' },
} as const satisfies Readonly<Record<string, PageFacts>>

export type PageName = keyof typeof pages

/** Where the page of a user is. */
export const pathOfUser = (uname: string): string => `${pages.user.path}?uname=${encodeURIComponent(uname)}`

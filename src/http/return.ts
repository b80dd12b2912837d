/** Where a login leads if nothing else was asked for. */
export const FRONT_PAGE = '/index.csp'

/** Leads to the end of a login, and so from no login. */
export const LOGOUT = '/login/logout.csp'

/** Whether a path belongs to programs, which get a problem and never a page or a redirect. */
export const isApiPath = (path: string): boolean => /^\/(session|user|admin|api)(\/|$)/.test(path)

/** Stands for this server, whatever its name is: no real host can have it. */
const SELF = 'http://self.invalid'

/**
 * Where a login leads: the path of this server that was asked for, or a URL on one of `hosts`, or else the front page. Nothing that a
 * stranger writes into a link leads anywhere else (ASVS 5.0, 3.7.2).
 */
export function returnTarget(wanted: string | null, hosts: readonly string[]): string {
  const url = wanted === null ? null : URL.parse(wanted, SELF)
  if (url === null || wanted === null) return FRONT_PAGE
  if (url.origin === SELF && wanted.startsWith('/')) {
    const path = url.pathname + url.search + url.hash
    // «/.//host» has become «//host» by now, which a browser takes for a host. And nobody logs in in order to change something: a
    // redirect to the API or the logout would look to it as if one of our own pages had asked.
    return path.startsWith('//') || isApiPath(url.pathname) || url.pathname === LOGOUT ? FRONT_PAGE : path
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  return isWeb && url.username === '' && url.password === '' && hosts.includes(url.host)
    ? url.href
    : FRONT_PAGE
}

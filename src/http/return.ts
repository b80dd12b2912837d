/** Where a login leads if nothing else was asked for. */
export const FRONT_PAGE = '/index.csp'

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
    // «/.//host» has become «//host» by now, which a browser takes for a host.
    return path.startsWith('//') ? FRONT_PAGE : path
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:'
  return isWeb && url.username === '' && url.password === '' && hosts.includes(url.host)
    ? url.href
    : FRONT_PAGE
}

import { type BadRequest, form, get, json } from './bad-request.ts'

const PUT = '/session/put'
const GOOD = 'good=1'

const method = (method: string, path: string, allow: string): BadRequest => ({
  says: `${method} ${path}, which answers to ${allow}`,
  method,
  path,
  status: 405,
  code: method === 'HEAD' ? null : 'method_not_allowed',
})

/** Methods that a path does not answer to. */
export const methods: readonly BadRequest[] = [
  ...['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD', 'TRACE'].flatMap((name) => [
    method(name, '/session/put?good=1', 'GET, POST'),
    method(name, '/api/2/session/delete', 'GET, POST'),
  ]),
  ...[
    '/session/revoke?others=true',
    '/api/1/session/revoke?others=true',
    '/user/password',
    '/admin/users/create?uname=eve',
    '/admin/users/update?uname=admin&roles=',
    '/admin/users/delete?uname=admin',
    '/admin/sessions/revoke?all=true',
    '/z_security_check?z_username=admin&z_password=secret',
  ].map((path) => method('GET', path, 'POST')),
  method('HEAD', '/admin/sessions/revoke?all=true', 'POST'),
  ...['/index.csp', '/login', '/'].map((path) => method('POST', path, 'GET, HEAD')),
  method('POST', '/healthz', 'GET, HEAD'),
  method('PUT', '/login/logout.csp', 'GET, POST'),
]

/** Paths at which there is nothing. */
export const paths: readonly BadRequest[] = [
  ...['/session', '/session/', '/session/get/', '//session/get', '/session//get', '/Session/Get'],
  ...['/session/get%20', '/session/%67et', '/session%2Fget', '/session/get;x=1', '/session/get.json'],
  ...['/api', '/api/', '/api/1', '/api/3/session/get', '/api/session/get', '/api/1/api/1/session/get'],
  ...['/api/1/healthz', '/api/2//session/get', '/admin', '/admin/users', '/admin/users/list/', '/user'],
  ...[
    '/session/./get',
    '/./session/get',
    '/session/../session/get',
    '/x/../session/get',
    '/x/%2e%2e/session/get',
  ],
  ...['/.\\session\\get', '/session\\get', '/x\\..\\session/get', '/session/get/.', '/session/get/x/..'],
  ...['/nothing', '/favicon.ico', '/index.csp/', '/__proto__', '/constructor', '/session/__proto__'],
].map((path) => get(path, 'not_found', { status: 404 }))

const typed = (contentType: string | null): BadRequest => ({
  says: `a body of the type ${contentType ?? 'that is not said'}`,
  path: PUT,
  headers: contentType === null ? [] : [`Content-Type: ${contentType}`],
  body: GOOD,
  status: 415,
  code: 'unsupported_media_type',
})

/** Bodies of another type. */
export const types: readonly BadRequest[] = [
  ...['text/plain', 'multipart/form-data; boundary=x', 'application/xml', 'application/octet-stream', '*/*'],
  ...['application/jsonx', 'application/json; charset=utf-16', 'text/json', 'application/json, text/plain'],
  ...['application/x-www-form-urlencoded; charset=koi8-r', 'application/x-www-form-urlencoded2', 'form'],
  null,
]
  .map(typed)
  .concat(form(PUT, GOOD, 'unsupported_media_type', { status: 415, headers: ['Content-Encoding: gzip'] }))

const forbidden = { status: 403 }
const notLoggedIn = { status: 401, as: 'nobody' } as const
const random = 'A'.repeat(43)

/** Requests that say who sends them, and should not have come. */
export const senders: readonly BadRequest[] = [
  form(PUT, GOOD, 'cross_site', { ...forbidden, headers: ['Sec-Fetch-Site: cross-site'] }),
  form(PUT, GOOD, 'cross_site', { ...forbidden, headers: ['Sec-Fetch-Site: anything-new'] }),
  form(PUT, GOOD, 'cross_site', { ...forbidden, headers: ['Origin: https://evil.example'] }),
  form(PUT, GOOD, 'cross_site', { ...forbidden, headers: ['Origin: null'] }),
  form(PUT, GOOD, 'cross_site', { ...forbidden, headers: ['Origin: http://127.0.0.1.evil.example'] }),
  form('/session/revoke', 'others=true', 'cross_site', {
    ...forbidden,
    headers: ['Sec-Fetch-Site: cross-site'],
  }),
  form('/z_security_check', 'z_username=a&z_password=b', 'cross_site', {
    ...forbidden,
    headers: ['Accept: application/json', 'Sec-Fetch-Site: cross-site'],
  }),
  form(PUT, GOOD, 'csrf_failed', { ...forbidden, as: 'user' }),
  form(PUT, GOOD, 'csrf_failed', { ...forbidden, as: 'user', headers: ['CSRFToken:'] }),
  form(PUT, GOOD, 'csrf_failed', { ...forbidden, as: 'user', headers: [`CSRFToken: ${random}`] }),
  form(PUT, `${GOOD}&CSRFToken=${random}`, 'csrf_failed', { ...forbidden, as: 'user' }),
  form('/session/get', 'key=kept', 'csrf_failed', { ...forbidden, as: 'user' }),
  get(`${PUT}?${GOOD}`, 'csrf_failed', { ...forbidden, as: 'user' }),
  get('/session/delete', 'csrf_failed', { ...forbidden, as: 'user' }),
  get('/session/invalidate', 'csrf_failed', { ...forbidden, as: 'user' }),
  form('/login/logout.csp', '', 'csrf_failed', { ...forbidden, as: 'user' }),
]

/** Cookies that are not the one of a session. */
export const cookies: readonly BadRequest[] = [
  ...['', ' ', '=', ';;;', 'zsessionid', 'zsessionid=', 'zsessionid=;', 'zsessionid=""', 'other=1'],
  ...[`zsessionid=s${random}`, `zsessionid=u${random}`, `zsessionid=p${random}`, `zsessionid=${random}`],
  ...[`zsessionid=p${'A'.repeat(94)}`, `ZSESSIONID=u${random}`, `__Host-zsessionid=u${random}`],
  ...[`zsessionid=${'x'.repeat(8_000)}`, `zsessionid=${'é'.repeat(22)}`, `zsessionid=\xff\xfe${random}`],
  Array.from({ length: 50 }, (_, i) => `zsessionid=u${String(i).padStart(43, '0')}`).join('; '),
  Array.from({ length: 500 }, (_, i) => `c${i}=${i}`).join('; '),
].map((cookie) => ({
  ...get('/session/get', 'not_logged_in', { ...notLoggedIn, headers: [`Cookie: ${cookie}`] }),
  says: `the cookie ${JSON.stringify(cookie.slice(0, 60))}, ${cookie.length} characters`,
}))

/** Calls that need a login, without one. */
export const nobody: readonly BadRequest[] = [
  get('/session/get', 'not_logged_in', notLoggedIn),
  form(PUT, GOOD, 'not_logged_in', notLoggedIn),
  get('/session/delete', 'not_logged_in', notLoggedIn),
  get('/session/invalidate', 'not_logged_in', notLoggedIn),
  get('/session/info', 'not_logged_in', notLoggedIn),
  get('/session/list', 'not_logged_in', notLoggedIn),
  form('/session/revoke', 'others=true', 'not_logged_in', notLoggedIn),
  form('/user/password', 'old=a&new=b', 'not_logged_in', notLoggedIn),
  get('/admin/users/list', 'not_logged_in', notLoggedIn),
  form('/admin/users/delete', 'uname=admin', 'not_logged_in', notLoggedIn),
  form('/admin/sessions/revoke', 'all=true', 'not_logged_in', notLoggedIn),
]

const changed = { status: 412 }

/** Conditions that the session does not meet. */
export const conditions: readonly BadRequest[] = [
  ...['"nonsense"', '""', `"${'A'.repeat(22)}.1"`, 'W/"a.1"', '"a.-1"', '"a.1", "b.2"'].flatMap((tag) => [
    form(PUT, GOOD, 'changed_meanwhile', { ...changed, headers: [`If-Match: ${tag}`] }),
    form('/session/delete', 'key=kept', 'changed_meanwhile', { ...changed, headers: [`If-Match: ${tag}`] }),
  ]),
  json(PUT, '{"good":"1"}', 'changed_meanwhile', {
    ...changed,
    headers: ['If-Match: "a.99999999999999999999"'],
  }),
  get(`${PUT}?${GOOD}`, 'changed_meanwhile', { ...changed, headers: ['If-Match: "a.1"'] }),
  ...['nonsense', '"a.1', '*, *', '"a.1" "b.2"', '1'].map((tag) =>
    form(PUT, GOOD, 'malformed_request', { headers: [`If-Match: ${tag}`] }),
  ),
]

/** Logins that cannot be one. */
export const logins: readonly BadRequest[] = [
  ...['z_username=&z_password=', 'z_username=n%00&z_password=b'],
  ...[`z_username=mia&z_password=${'p'.repeat(1_025)}`, `z_username=${'u'.repeat(5_000)}&z_password=a`],
].map((body) =>
  form('/z_security_check', body, 'wrong_credentials', {
    status: 401,
    headers: ['Accept: application/json'],
    as: 'nobody',
  }),
)

const unreadable: readonly BadRequest[] = [
  form('/z_security_check', '', 'missing_parameter', { as: 'nobody' }),
  form('/z_security_check', 'z_username=nina', 'missing_parameter', { as: 'nobody' }),
  form('/z_security_check', 'username=nina&z_password=b', 'missing_parameter', { as: 'nobody' }),
  form('/z_security_check?z_password=b', 'z_username=nina', 'invalid_parameter', { as: 'nobody' }),
  form('/z_security_check?z_password=b', 'z_username=nina&z_password=b', 'invalid_parameter', {
    as: 'nobody',
  }),
  form('/z_security_check', 'z_username=%zz&z_password=a', 'malformed_request', { as: 'nobody' }),
  json('/z_security_check', '{"z_username":null}', 'malformed_request', { as: 'nobody' }),
  json('/z_security_check', '[]', 'malformed_request', { as: 'nobody' }),
  { ...typed('text/plain'), path: '/z_security_check', as: 'nobody' },
  form('/z_security_check', 'z'.repeat(1_048_577), 'body_too_large', { status: 413, as: 'nobody' }),
]

/** Logins that cannot even be read. */
export const unreadableLogins: readonly BadRequest[] = unreadable.map((login) => ({
  ...login,
  headers: [...(login.headers ?? []), 'Accept: application/json'],
}))

/** Calls of users for themselves. */
export const ownCalls: readonly BadRequest[] = [
  form('/session/revoke', '', 'invalid_parameter'),
  form('/session/revoke', 'handle=', 'invalid_parameter'),
  form('/session/revoke', 'others=false', 'invalid_parameter'),
  form('/session/revoke', `others=true&handle=${'A'.repeat(22)}`, 'invalid_parameter'),
  form('/session/revoke', 'others=yes', 'invalid_parameter'),
  form('/session/revoke', 'other=true', 'invalid_parameter'),
  form('/session/revoke', `handle=${'A'.repeat(22)}`, 'no_such_session', { status: 404 }),
  form('/session/revoke', `handle=${'A'.repeat(5_000)}`, 'no_such_session', { status: 404 }),
  form('/session/revoke', 'handle=%25', 'no_such_session', { status: 404 }),
  form('/user/password', '', 'missing_parameter'),
  form('/user/password', 'old=a', 'missing_parameter'),
  form('/user/password', 'new=abcdefghijk', 'missing_parameter'),
  form('/user/password', 'old=a&new=abcdefghijk&uname=bob', 'invalid_parameter'),
  form('/user/password?old=a', 'new=abcdefghijk', 'invalid_parameter'),
  form('/user/password?new=abcdefghijk', 'old=a', 'invalid_parameter'),
  form('/user/password', 'old=wrong&new=abcdefghijk', 'wrong_password', forbidden),
  get('/admin/users/list', 'role_missing', { ...forbidden, as: 'user' }),
  get('/admin/users/get?uname=admin', 'role_missing', { ...forbidden, as: 'user' }),
  get('/admin/sessions/list', 'role_missing', { ...forbidden, as: 'user' }),
  get('/admin/sessions/count', 'role_missing', { ...forbidden, as: 'user' }),
  get('/admin/log/list', 'role_missing', { ...forbidden, as: 'user' }),
  get('/api/1/admin/sessions/list', 'role_missing', { ...forbidden, as: 'user' }),
]

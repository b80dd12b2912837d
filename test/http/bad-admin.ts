import { type BadRequest, form, get, json } from './bad-request.ts'

const LIST = '/admin/users/list'
const CREATE = '/admin/users/create'
const UPDATE = '/admin/users/update'
const REVOKE = '/admin/sessions/revoke'
const PASSWORD = 'password=quite+a+long+one'
const absent = { status: 404 }
const conflict = { status: 409 }

/** Lists with a page that is none. */
export const pages: readonly BadRequest[] = [
  ...['0', '-1', '1.5', '1e3', 'abc', '', '%2B1', '0x10', '1%20', '99999999', 'NaN', '%D9%A1'].map((limit) =>
    get(`${LIST}?limit=${limit}`, 'invalid_parameter'),
  ),
  get(`${LIST}?limit=1&limit=x`, 'invalid_parameter'),
  get(`${LIST}?page=1`, 'invalid_parameter'),
  get(`${LIST}?__proto__=1`, 'invalid_parameter'),
  ...['abc', '', '-', '--1', '1.5', '1234567890123456', '0x10', '1%27--'].flatMap((after) => [
    get(`/admin/sessions/list?after=${after}`, 'invalid_parameter'),
    get(`/admin/log/list?after=${after}`, 'invalid_parameter'),
  ]),
  get('/admin/log/list?after=-1', 'invalid_parameter'),
  get('/admin/log/list?since=1', 'invalid_parameter'),
  get('/admin/log/list?limit=0', 'invalid_parameter'),
  get('/admin/sessions/count?address=127.0.0.1', 'invalid_parameter'),
  get('/admin/sessions/list?limit=0', 'invalid_parameter'),
  get('/admin/sessions/list?user=admin', 'invalid_parameter'),
  json('/admin/sessions/list', '{"limit":null}', 'malformed_request'),
]

const create = (fields: string, code: string, more: Partial<BadRequest> = {}) =>
  form(CREATE, `uname=eve&${PASSWORD}&${fields}`, code, more as { status: number })

/** Users that cannot be made, changed or deleted so. */
export const users: readonly BadRequest[] = [
  get('/admin/users/get', 'missing_parameter'),
  get('/admin/users/get?uname=', 'missing_parameter'),
  get('/admin/users/get?uname=nobody', 'no_such_user', absent),
  get('/admin/users/get?name=admin', 'invalid_parameter'),
  get('/admin/users/get?uname=admin%00', 'no_such_user', absent),
  form(CREATE, '', 'missing_parameter'),
  form(CREATE, PASSWORD, 'missing_parameter'),
  form(CREATE, 'uname=eve', 'missing_parameter'),
  form(CREATE, 'uname=eve&password=', 'password_too_short'),
  form(CREATE, 'uname=eve&password=1234567', 'password_too_short'),
  form(CREATE, `uname=eve&password=${'%F0%9F%90%A6'.repeat(7)}`, 'password_too_short'),
  form(CREATE, `uname=eve&password=${'p'.repeat(1_025)}`, 'password_too_long'),
  form(CREATE, `uname=eve&password=${'%C3%A9'.repeat(513)}`, 'password_too_long'),
  form(CREATE, 'uname=eve&password=password1', 'password_too_common'),
  form(CREATE, 'uname=eve&password=PASSWORD1', 'password_too_common'),
  form(`${CREATE}?uname=eve&${PASSWORD}`, '', 'invalid_parameter'),
  form(CREATE, `uname=admin&${PASSWORD}`, 'user_exists', conflict),
  ...['%20eve', 'eve%20', '%00', 'e%00ve', 'e%0Ave', '%E2%80%AEeve', 'e%7Fve', 'u'.repeat(129)].map((uname) =>
    form(CREATE, `uname=${uname}&${PASSWORD}`, 'invalid_parameter'),
  ),
  json(CREATE, '{"uname":"\\ud800","password":"quite a long one"}', 'invalid_parameter'),
  json(CREATE, '{"uname":null}', 'malformed_request'),
  create(`roles=${'r'.repeat(129)}`, 'invalid_parameter'),
  create('roles=%00', 'invalid_parameter'),
  create('roles=good%0Abad', 'invalid_parameter'),
  create('email=a%0D%0Ab', 'invalid_parameter'),
  create(`fullname=${'n'.repeat(257)}`, 'invalid_parameter'),
  create('disabled=yes', 'invalid_parameter'),
  create('disabled=', 'invalid_parameter'),
  create('admin=true', 'invalid_parameter'),
  create('generation=1', 'invalid_parameter'),
  form(UPDATE, 'uname=nobody&fullname=x', 'no_such_user', absent),
  form(UPDATE, 'fullname=x', 'missing_parameter'),
  form(UPDATE, 'uname=user&password=short', 'password_too_short'),
  form(UPDATE, 'uname=user&disabled=1', 'invalid_parameter'),
  form(UPDATE, 'uname=user&passwordHash=x', 'invalid_parameter'),
  form(`${UPDATE}?password=quite+a+long+one`, 'uname=user', 'invalid_parameter'),
  form(UPDATE, 'uname=admin&disabled=true', 'last_admin', conflict),
  form(UPDATE, 'uname=admin&roles=', 'last_admin', conflict),
  form(UPDATE, 'uname=admin&roles=Admin', 'last_admin', conflict),
  form('/admin/users/delete', '', 'missing_parameter'),
  form('/admin/users/delete', 'uname=nobody', 'no_such_user', absent),
  form('/admin/users/delete', 'uname=admin', 'last_admin', conflict),
  form('/admin/users/delete', 'uname=user&sure=true', 'invalid_parameter'),
]

/** Sessions that cannot be ended so. What is no whole handle names no session, least of all every session that begins like it. */
export const revocations: readonly BadRequest[] = [
  form(REVOKE, '', 'invalid_parameter'),
  form(REVOKE, 'all=false', 'invalid_parameter'),
  form(REVOKE, 'all=yes', 'invalid_parameter'),
  form(REVOKE, 'all=', 'invalid_parameter'),
  form(REVOKE, 'all=true&uname=user', 'invalid_parameter'),
  form(REVOKE, `uname=user&handle=${'A'.repeat(22)}`, 'invalid_parameter'),
  form(REVOKE, 'user=user', 'invalid_parameter'),
  form(REVOKE, 'uname=nobody', 'no_such_user', absent),
  form(REVOKE, `handle=${'A'.repeat(22)}`, 'no_such_session', absent),
  form(REVOKE, `handle=${'A'.repeat(43)}`, 'no_such_session', absent),
  ...[...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'].map((handle) =>
    form(REVOKE, `handle=${handle}`, 'no_such_session', absent),
  ),
  ...['', 'A', '-', '%25', '_', '~', '%00', "'%20OR%201=1--", '*'].map((handle) =>
    form(REVOKE, `handle=${handle}`, 'no_such_session', absent),
  ),
]

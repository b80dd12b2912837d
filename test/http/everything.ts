import { logIn } from '../support/client.ts'
import { ADMIN_PASSWORD, type TestServer } from '../support/server.ts'
import { attempt, cookieOf, visit } from './attempt.ts'

const BOB = { z_username: 'bob', z_password: 'first secret of bob' }

/**
 * All that security is about, on a server that takes five wrong passwords, and what of it must never be in a log: all that is sent or got
 * that is a secret.
 */
export async function everythingHappens(server: TestServer): Promise<readonly string[]> {
  const admin = await logIn(server)
  const guarded = await logIn(server, { csrf: true })
  const preLogin = await visit(server)
  await admin.json('/admin/users/create', { uname: 'bob', password: BOB.z_password })
  await attempt(server, { ...BOB, z_csrf_protection: 'off' }, { cookie: preLogin })
  const cookie = cookieOf(await attempt(server, BOB))
  await attempt(server, { ...BOB, z_password: 'wrong secret of bob' })
  for (let i = 0; i < 6; i++) await attempt(server, { ...BOB, z_password: `guess ${i} of secret` })
  const misplaced = { z_username: 'secret of bob in the wrong field', z_password: '' }
  for (let i = 0; i < 6; i++) await attempt(server, misplaced)
  await guarded.json('/session/put', { 'secret key': 'secret value', other: 'secret other' })
  await guarded.json('/session/get?key=secret+key&key=CSRFToken')
  await guarded.ask(`/session/put?CSRFToken=${guarded.csrfToken}&a=secret+value`)
  await guarded.ask('/session/put', { a: 'secret value' }, { CSRFToken: 'wrong' })
  await guarded.ask('/session/put?a=secret+value', null, { 'sec-fetch-site': 'cross-site' })
  await guarded.ask('/session/put', 'a=%zzsecret+value')
  await guarded.ask('/session/put?a=secret+value&b=%00')
  await fetch(`${server.url}/z_security_check?z_password=secret+value`, { method: 'POST' })
  await fetch(`${server.url}/admin/users/list`, { headers: { cookie } })
  await admin.ask('/user/password', { old: 'wrong secret of admin', new: 'next secret of admin' })
  await admin.json('/user/password', { old: ADMIN_PASSWORD, new: 'next secret of admin' })
  await admin.json('/admin/users/update', { uname: 'bob', password: 'second secret of bob' })
  const again = await logIn(server, { password: 'next secret of admin' })
  const { handle } = (await again.json('/session/info')) as { handle: string }
  await admin.json('/session/revoke', { handle })
  await admin.json('/session/revoke', { others: 'true' })
  await admin.json('/admin/users/delete', { uname: 'bob' })
  await admin.json('/admin/sessions/revoke', { uname: 'admin' })
  const last = await logIn(server, { password: 'next secret of admin' })
  await last.json('/session/invalidate')
  const cookies = [admin, guarded, again, last].map((client) => client.cookie)
  const tokens = [...cookies, cookie, preLogin].map((each) => each.split('=')[1] ?? '')
  return [...tokens, guarded.csrfToken ?? '', ADMIN_PASSWORD, 'secret', 'argon2']
}

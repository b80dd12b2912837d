import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { DEVICE_LIFETIME, Devices } from '../../src/login/devices.ts'

let now = Date.UTC(2030, 0, 1)
const newDevices = (secret = 'secret') => new Devices(secret, () => now)
const devices = newDevices()

const user = (uname: string, generation = 7) => ({ uname, generation })

/** The name of the device that this cookie has for a user. */
const find = (cookie: string | readonly string[], uname = 'alice', generation = 7, by = devices) =>
  by.find([cookie].flat(), uname, async () => user(uname, generation))

test('a cookie names a device for its user, the same each time, on every node', async () => {
  const cookie = devices.newCookie([], user('alice'))
  const name = await find(cookie)
  expect(name).toMatch(/^[\w-]{16}$/)
  expect(await find(cookie)).toBe(name)
  expect(await find(cookie, 'alice', 7, newDevices())).toBe(name)
  expect(await find(devices.newCookie([], user('alice')))).not.toBe(name)
})

test('a cookie is worth nothing for another user, another secret, or after all logins of the user have ended', async () => {
  const cookie = devices.newCookie([], user('alice'))
  expect(await find(cookie, 'bob')).toBeNull()
  expect(await find(cookie, 'Alice')).toBeNull()
  expect(await find(cookie, 'alice', 8)).toBeNull()
  expect(await find(cookie, 'alice', 7, newDevices('other'))).toBeNull()
  expect(await devices.find([cookie], 'alice', async () => null)).toBeNull()
})

test('the store is asked for no user whom no signed entry names', async () => {
  const readUser = () => Promise.reject(new Error('asked'))
  for (const cookies of [[], [''], ['x'.repeat(56)], [devices.newCookie([], user('bob'))]])
    expect(await devices.find(cookies, 'alice', readUser)).toBeNull()
})

test('a cookie that was changed in any one place is worth nothing', async () => {
  const cookie = devices.newCookie([], user('alice'))
  for (let i = 0; i < cookie.length; i++) {
    const changed = cookie.slice(0, i) + (cookie[i] === 'A' ? 'B' : 'A') + cookie.slice(i + 1)
    expect(await find(changed)).toBeNull()
  }
  for (const changed of [cookie.slice(1), `${cookie}A`, `${cookie}=`, ` ${cookie}`])
    expect(await find(changed)).toBeNull()
})

test('no other text is a device cookie, and none makes it throw', () =>
  fc.assert(
    fc.asyncProperty(
      fc.oneof(fc.string({ unit: 'binary' }), fc.base64String({ minLength: 56, maxLength: 56 })),
      async (text) => {
        expect(await find(text)).toBeNull()
        const cookie = devices.newCookie([text], user('alice'))
        expect(await find(cookie)).not.toBeNull()
      },
    ),
  ))

test('a cookie is good for 400 days, and from up to a minute before it was made', async () => {
  const cookie = devices.newCookie([], user('alice'))
  const madeAt = now
  for (const [at, isGood] of [
    [madeAt - 60_001, false],
    [madeAt - 60_000, true],
    [madeAt + DEVICE_LIFETIME - 1, true],
    [madeAt + DEVICE_LIFETIME, false],
  ] as const) {
    now = at
    expect([at - madeAt, (await find(cookie)) !== null]).toEqual([at - madeAt, isGood])
  }
  now = madeAt
})

test('a browser is known for the four users who logged in last, each by the latest login', async () => {
  let cookie = ''
  const names = ['a', 'b', 'c', 'd', 'e']
  for (const uname of names) cookie = devices.newCookie([cookie], user(uname))
  const known = async () => Promise.all(names.map(async (uname) => (await find(cookie, uname)) !== null))
  expect(await known()).toEqual([false, true, true, true, true])
  const before = await find(cookie, 'b')
  cookie = devices.newCookie([cookie], user('b'))
  expect(await known()).toEqual([false, true, true, true, true])
  expect(await find(cookie, 'b')).not.toBe(before)
  expect(cookie.length).toBe(4 * 56 + 3)
})

test('an old cookie before a good one, as of another path, does not hide it', async () => {
  const [old, good] = [devices.newCookie([], user('alice', 6)), devices.newCookie([], user('alice'))]
  expect(await find([old, good])).toBe(await find(good))
})

test('a cookie tells no name', () => {
  const cookie = devices.newCookie([], user('alice'))
  expect(Buffer.from(cookie, 'base64url').toString('latin1')).not.toContain('alice')
})

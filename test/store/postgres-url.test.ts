import { expect, test } from 'bun:test'
import { SetupError } from '../../src/errors.ts'
import { shownStore } from '../../src/store/open.ts'
import { placeOf } from '../../src/store/postgres/url.ts'
import { errorOf } from './file.ts'

test('a URL says where the database is and as whom to go there', () => {
  expect(placeOf('postgres://ada:p%40ss%2F%23@db.example.com:6432/my%20db?sslmode=verify-ca')).toEqual({
    hostname: 'db.example.com',
    port: 6432,
    database: 'my db',
    username: 'ada',
    password: 'p@ss/#',
    tls: 'verify-ca',
    authorities: null,
  })
  expect(placeOf('postgresql://ada@[::1]/db')).toMatchObject({ hostname: '::1', port: 5432, password: '' })
})

test('what crosses a network is encrypted unless the URL says otherwise', () => {
  const modeOf = (rest: string) => placeOf(`postgres://ada@${rest}`).tls
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '[::1]'])
    expect(modeOf(`${host}/db`)).toBe('disable')
  for (const host of ['db', '10.0.0.1', 'localhost.example.com', '[::2]'])
    expect(modeOf(`${host}/db`)).toBe('require')
  expect(modeOf('db/db?sslmode=disable')).toBe('disable')
  expect(modeOf('db/db?sslrootcert=/ca.pem')).toBe('verify-full')
})

const wrong: readonly (readonly [url: string, said: string])[] = [
  ['postgres://ada:sec/ret@db/db', 'percent-encoded'],
  ['postgres://ada:sec%ret@db/db', 'write %25'],
  ['postgres://ada:p@sec/ret@db/db', 'percent-encoded'],
  ['postgres://ada:sec@ret@db/db', 'percent-encoded'],
  ['postgres://ada:12@2/secret@db:5432/db', 'percent-encoded'],
  ['postgres://ada:12/sec@db/db', 'percent-encoded'],
  ['postgres://ada:12?sec@db/db', 'percent-encoded'],
  ['postgres://ada:12#sec@db/db', 'percent-encoded'],
  ['postgres://ada:p@1/db?sec@db/db', 'percent-encoded'],
  ['postgres://ada:p@1/db#sec@db/db', 'percent-encoded'],
  ['postgres://ada:p@1/db?sslmode=disable#sec', 'percent-encoded'],
  ['postgres://ada:secret@/db', ''],
  ['postgres://:secret@db/db', 'names no user'],
  ['postgres://ada:secret@db', 'names no database'],
  ['postgres://ada:secret@db/', 'names no database'],
  ['postgres://ada:secret@db/db?password=secret', 'a parameter password'],
  ['postgres://ada:secret@db/db?sslmode=on', 'sslmode in the URL of the store must be one of disable'],
]
for (const [url, said] of wrong) {
  test(`neither taken nor shown, without the password: ${url}`, async () => {
    for (const read of [placeOf, shownStore]) {
      const error = await errorOf(() => read(url))
      expect(error).toBeInstanceOf(SetupError)
      const { message } = error as SetupError
      expect(message).toContain(said)
      expect(message).not.toMatch(/sec|ret/)
    }
  })
}

test('a URL is shown without its password', () => {
  expect(shownStore('postgres://ada:secret@db:5432/db?sslmode=require')).toBe('postgres://ada@db:5432/db')
  expect(shownStore('postgres://ada@db/db')).toBe('postgres://ada@db/db')
  for (const url of ['memory:', 'sqlite:/var/lib/a b:c@d.db']) expect(shownStore(url)).toBe(url)
})

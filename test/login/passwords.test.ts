import { expect, test } from 'bun:test'
import { requirePassword } from '../../src/login/password-rules.ts'
import { Passwords } from '../../src/login/passwords.ts'

test('a hash is argon2id with the cost that OWASP asks for, and salted', async () => {
  const passwords = new Passwords(1)
  const [one, two] = await Promise.all([
    passwords.hash('the same long one'),
    passwords.hash('the same long one'),
  ])
  expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  expect(one).not.toBe(two)
  expect(await passwords.verify('the same long one', one)).toBe(true)
  expect(await passwords.verify('the same long one', two)).toBe(true)
})

for (const password of [
  'correct horse',
  'zażółć gęślą jaźń',
  '\u0000binary\u0000',
  ' blanks count ',
  '🐎🔋📎🐎🔋📎🐎🔋',
]) {
  test(`every character of a password counts: ${JSON.stringify(password)}`, async () => {
    const passwords = new Passwords(2)
    await requirePassword(password)
    const hash = await passwords.hash(password)
    expect(await passwords.verify(password, hash)).toBe(true)
    expect(
      await passwords.verify(password.trim() === password ? `${password} ` : password.trim(), hash),
    ).toBe(false)
    expect(await passwords.verify(`${password.slice(0, -2)}xy`, hash)).toBe(false)
  })
}

const GRACE = { uname: 'grace.hopper', email: 'ghopper1906@navy.example', fullname: 'Grace Brewster Hopper' }

test('a password is right in whichever spelling of Unicode it is typed, and one that was hashed as typed stays right', async () => {
  const passwords = new Passwords(1, { memoryCost: 8, timeCost: 1 })
  const [composed, decomposed] = ['Grüße an déjà vu'.normalize('NFC'), 'Grüße an déjà vu'.normalize('NFD')]
  for (const typed of [composed, decomposed]) {
    const hash = await passwords.hash(typed)
    expect([await passwords.verify(composed, hash), await passwords.verify(decomposed, hash)]).toEqual([
      true,
      true,
    ])
    expect(await passwords.verify('Gruße an deja vu', hash)).toBe(false)
  }
  const asTyped = Bun.password.hashSync(decomposed, { algorithm: 'argon2id', memoryCost: 8, timeCost: 1 })
  expect(await passwords.verify(decomposed, asTyped)).toBe(true)
})

test('nothing is the password of a user who does not exist, and neither is the empty one of any', async () => {
  const passwords = new Passwords(1)
  expect(await passwords.verify('any long password', null)).toBe(false)
  expect(await passwords.verify('', null)).toBe(false)
  expect(await passwords.verify('', await passwords.hash('any long password'))).toBe(false)
})

test('what is longer than any password is wrong', async () => {
  const passwords = new Passwords(1)
  const hash = await passwords.hash('x'.repeat(1_025))
  expect(await passwords.verify('x'.repeat(1_025), hash)).toBe(false)
  const longest = await passwords.hash('x'.repeat(1_024))
  expect(await passwords.verify('x'.repeat(1_024), longest)).toBe(true)
})

for (const [password, code] of [
  ['', 'password_too_short'],
  ['1234567', 'password_too_short'],
  ['🐎🔋📎🐎🔋📎🐎', 'password_too_short'],
  ['ü'.repeat(513), 'password_too_long'],
  ['x'.repeat(1_025), 'password_too_long'],
  ['password', 'password_too_common'],
  ['PassWord', 'password_too_common'],
  ['12345678', 'password_too_common'],
  ['iloveyou', 'password_too_common'],
  ['sunshine', 'password_too_common'],
  ['qwertyuiop', 'password_too_common'],
  ['        ', 'password_too_simple'],
  ['x'.repeat(1_024), 'password_too_simple'],
  ['aAaAaAaA', 'password_too_simple'],
  ['🐎🐎🐎🐎🐎🐎🐎🐎', 'password_too_simple'],
  ['Cloakroom', 'password_too_simple'],
  ['login.example.com', 'password_too_simple'],
  ['grace.hopper', 'password_too_simple'],
  ['GRACE.HOPPERgrace.hopper', 'password_too_simple'],
  ['reppoh.ecarg', 'password_too_simple'],
  ['ghopper1906', 'password_too_simple'],
  ['GHopper1906@navy.example', 'password_too_simple'],
  ['Grace Brewster Hopper', 'password_too_simple'],
  ['gracebrewsterhopper', 'password_too_simple'],
] as const) {
  test(`${code}: ${password.slice(0, 12)}, ${password.length} units`, async () => {
    await expect(requirePassword(password, GRACE, ['login.example.com'])).rejects.toMatchObject({ code })
  })
}

for (const password of [
  'xy'.repeat(512),
  'üä'.repeat(256),
  'x7#k!q2p',
  'only small letters here',
  'grace.hopper and more',
]) {
  test(`any characters will do, and no mixture of them is asked for: ${password.slice(0, 24)}, ${password.length} units`, async () => {
    expect(await requirePassword(password, GRACE)).toBeUndefined()
  })
}

test('a storm of attempts waits for its turn, and beyond that it is told when to come again', async () => {
  const passwords = new Passwords(1)
  const stranger = { isKnown: false, name: '192.0.2.0/24' }
  const outcomes = await Promise.all(
    Array.from({ length: 300 }, async () => {
      try {
        // Not a hash, so that each turn is short: only the queue is looked at.
        return String(await passwords.verify('a password', 'no hash', stranger))
      } catch (error) {
        return (error as { code: string }).code
      }
    }),
  )
  const refused = outcomes.filter((code) => code === 'busy').length
  expect(refused).toBeGreaterThan(0)
  expect(refused).toBeLessThan(60)
})

test('an empty password and one that is too long take as many turns as any other', async () => {
  const passwords = new Passwords(1, { memoryCost: 8, timeCost: 1 })
  const hash = await passwords.hash('any long password')
  await passwords.verify('wrong', null)
  for (const against of [hash, null]) {
    for (const password of ['', 'x'.repeat(1_025), 'wrong']) {
      const attempts = Array.from({ length: 3 }, () => passwords.verify(password, against))
      for (let i = 0; i < 10; i++) await Promise.resolve()
      expect([password.length, passwords.waiting]).toEqual([password.length, 2])
      expect(await Promise.all(attempts)).toEqual([false, false, false])
    }
  }
})

import { expect, test } from 'bun:test'
import { Passwords } from '../../src/login/passwords.ts'
import { openMemoryStore } from '../../src/store/memory.ts'
import { newLoginNode, PASSWORD } from './login-node.ts'

test('a flood of logins from one network shuts out nobody from another, and no known browser of its own', async () => {
  const passwords = new Passwords(1, { memoryCost: 8, timeCost: 1 })
  const { users, logIn } = newLoginNode(openMemoryStore(), passwords)
  await users.create('bob', { passwordHash: await users.hashNew(PASSWORD, {}) })
  const { device } = await logIn({ isProgram: false })
  const codes: string[] = []
  let left = 600
  const flood = Array.from({ length: left }, (_, i) =>
    logIn({
      uname: `nobody ${i}`,
      password: i % 3 === 0 ? '' : 'wrong',
      address: `2001:db8:1:${i.toString(16)}::1`,
    })
      .catch((error: { code: string }) => void codes.push(error.code))
      .finally(() => left--),
  )
  // One has been refused: the line is full.
  while (!codes.includes('busy')) await new Promise((resolve) => setImmediate(resolve))
  const addresses = ['2001:db8:2::1', '203.0.113.7', '198.51.100.7']
  const elsewhere = await Promise.all(addresses.map((address) => logIn({ address })))
  const known = await logIn({ address: '2001:db8:1::1', devices: [device ?? ''], isProgram: false })
  expect([...elsewhere, known].map(({ token }) => token[0])).toEqual(['u', 'u', 'u', 'u'])
  // They did not wait for it to end.
  expect(left).toBeGreaterThan(100)
  await Promise.all(flood)
  expect(new Set(codes)).toEqual(new Set(['busy', 'wrong_credentials']))
})

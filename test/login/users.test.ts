import { expect, test } from 'bun:test'
import { Passwords } from '../../src/login/passwords.ts'
import { Users } from '../../src/login/users.ts'
import { openMemoryStore } from '../../src/store/memory.ts'

test('a user whose name was stored as it was typed is found by that spelling, and gets no twin', async () => {
  const store = openMemoryStore()
  const typed = 'José'.normalize('NFD')
  const user = { uname: typed, fullname: '', email: '', passwordHash: 'hash', roles: [], disabled: false }
  await store.insertUser({ ...user, generation: 1 })
  const users = new Users(store, new Passwords(1), () => 0)
  expect((await users.find(typed))?.uname).toBe(typed)
  expect(await users.nameOf(typed)).toBe(typed)
  for (const uname of [typed, typed.normalize('NFC')])
    await expect(users.create(uname, { passwordHash: 'hash' })).rejects.toMatchObject({ code: 'user_exists' })
  await users.update(typed, { fullname: 'José' })
  expect((await store.readUser(typed))?.fullname).toBe('José')
  await users.delete(typed)
  expect(await store.readUser(typed)).toBeNull()
})

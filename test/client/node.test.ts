import { expect, test } from 'bun:test'
import { ADMIN_PASSWORD, startServer } from '../support/server.ts'
import { runByNode } from './program.ts'

test('a program that Node runs logs in, keeps attributes, sees its sessions and logs out', async () => {
  await using server = await startServer()
  const program = `
const { URL_OF_SERVER: url, PASSWORD: password } = process.env
const cloakroom = new Cloakroom({ url })
const told = []
await cloakroom.logIn('admin', 'guessed').catch((problem) => told.push([problem instanceof Problem, problem.code, problem.status]))
await cloakroom.logIn('admin', password)
await cloakroom.put({ theme: 'dark', ['__proto__']: 'a key like any other' })
told.push(Object.entries(await cloakroom.get()), await cloakroom.get(['theme', 'nothing']), await cloakroom.get([]))
await cloakroom.delete('theme')
told.push(Object.keys(await cloakroom.get()))
const other = new Cloakroom({ url })
await other.logIn('admin', password)
told.push((await cloakroom.sessions()).length, (await cloakroom.sessionsPage({ limit: 1 })).sessions.length, await cloakroom.revoke({ others: true }))
told.push(await other.info().catch(({ code }) => code))
await cloakroom.createUser('bob', { password: 'bob likes long passwords', roles: ['staff', 'night'] })
told.push((await cloakroom.users({ limit: 1 })).next, await cloakroom.user('bob'), await cloakroom.countSessions({ uname: 'bob' }))
await cloakroom.invalidate()
told.push(await cloakroom.get().catch(({ code }) => code))
const nowhere = new Cloakroom({ url: 'http://127.0.0.1:1' })
told.push(await nowhere.info().catch(({ code, status }) => [code, status]))
console.log(JSON.stringify(told))
`
  expect(await runByNode(program, { URL_OF_SERVER: server.url, PASSWORD: ADMIN_PASSWORD })).toEqual([
    [true, 'wrong_credentials', 401],
    [
      ['__proto__', 'a key like any other'],
      ['theme', 'dark'],
    ],
    { theme: 'dark' },
    {},
    ['__proto__'],
    2,
    1,
    1,
    'not_logged_in',
    'admin',
    { uname: 'bob', fullname: '', email: '', roles: ['staff', 'night'], disabled: false },
    0,
    'not_logged_in',
    ['unreachable', 0],
  ])
})

test('keys that make no URL are read all the same', async () => {
  await using server = await startServer()
  const program = `
const { URL_OF_SERVER: url, PASSWORD: password } = process.env
const cloakroom = new Cloakroom({ url })
await cloakroom.logIn('admin', password)
const keys = Array.from({ length: 500 }, (_, i) => \`\${i}\`.padStart(100, 'k'))
await cloakroom.put(Object.fromEntries(keys.map((key) => [key, 'x'])))
await cloakroom.put({ '\\ufffd': 'y' })
console.log(JSON.stringify([Object.keys(await cloakroom.get(keys)).length, await cloakroom.get('\\ufffd')]))
`
  expect(await runByNode(program, { URL_OF_SERVER: server.url, PASSWORD: ADMIN_PASSWORD })).toEqual([
    500,
    { '\ufffd': 'y' },
  ])
})

test('what is asked for while another login is under way leaves nothing of the login before', async () => {
  await using server = await startServer()
  const program = `
const { URL_OF_SERVER: url, PASSWORD: password } = process.env
const cloakroom = new Cloakroom({ url })
await cloakroom.logIn('admin', password)
const login = cloakroom.logIn('admin', password)
await cloakroom.put({ a: 'before' }).catch(() => {})
await login
await cloakroom.put({ a: 'after' })
console.log(JSON.stringify(await cloakroom.get()))
`
  expect(await runByNode(program, { URL_OF_SERVER: server.url, PASSWORD: ADMIN_PASSWORD })).toEqual({
    a: 'after',
  })
})

import { expect, test } from 'bun:test'
import { openPlace, type ServerProcess } from '../support/process.ts'

const PASSWORD = 'bob likes long passwords'

async function list(server: ServerProcess, cookie: string) {
  const answer = await fetch(`${server.url}/admin/log/list`, { headers: { cookie } })
  const { events } = (await answer.json()) as { events: Record<string, unknown>[] }
  return events.map(({ at, ...fields }) => fields)
}

test('what the command line does to users and sessions is in the security log, and on its page', async () => {
  await using place = openPlace()
  const input = `${PASSWORD}\n`
  await place.run(['user', 'add', 'root', '--role', 'admin'], { input })
  await place.run(['user', 'add', 'bob'], { input })
  await place.run(['user', 'update', 'bob', '--role', 'staff', '--email', 'bob@example.com'])
  await place.run(['user', 'passwd', 'bob'], { input: 'bob has another long password\n' })
  await place.run(['user', 'disable', 'bob'])
  await place.run(['user', 'enable', 'bob'])
  await place.run(['user', 'delete', 'bob'])
  expect((await place.run(['user', 'delete', 'nobody'])).code).toBe(3)
  const server = await place.serve()
  const { cookie } = await server.logIn('root', PASSWORD)
  expect((await list(server, cookie)).slice(1).toReversed()).toEqual([
    { event: 'user_create', uname: 'root', by: 'cli' },
    { event: 'user_create', uname: 'bob', by: 'cli' },
    { event: 'user_update', uname: 'bob', changed: ['email', 'roles'], ended: 0, by: 'cli' },
    { event: 'user_update', uname: 'bob', changed: ['passwordHash'], ended: 0, by: 'cli' },
    { event: 'user_update', uname: 'bob', changed: ['disabled'], ended: 0, by: 'cli' },
    { event: 'user_update', uname: 'bob', changed: ['disabled'], ended: 0, by: 'cli' },
    { event: 'user_delete', uname: 'bob', ended: 0, by: 'cli' },
  ])
  const page = await fetch(`${server.url}/console/log?uname=bob`, { headers: { cookie } })
  expect(await page.text()).toContain('User deleted on the command line')
})

test('sessions that the command line ends while the server runs are in the security log at once', async () => {
  await using place = openPlace()
  const input = `${PASSWORD}\n`
  await place.run(['user', 'add', 'root', '--role', 'admin'], { input })
  const server = await place.serve()
  const [one, other] = [await server.logIn('root', PASSWORD), await server.logIn('root', PASSWORD)]
  const info = await fetch(`${server.url}/session/info`, { headers: { cookie: one.cookie } })
  const { handle } = (await info.json()) as { handle: string }
  await place.run(['session', 'revoke', handle])
  expect(await list(server, other.cookie)).toContainEqual({
    event: 'revoke',
    revoked: handle,
    ended: 1,
    by: 'cli',
  })
  await place.run(['session', 'revoke', '--user', 'root'])
  await place.run(['session', 'revoke', '--all'])
  const { cookie } = await server.logIn('root', PASSWORD)
  const events = await list(server, cookie)
  expect(events.filter(({ by }) => by === 'cli').slice(0, 2)).toEqual([
    { event: 'revoke', all: true, ended: 0, by: 'cli' },
    { event: 'revoke', uname: 'root', ended: 1, by: 'cli' },
  ])
})

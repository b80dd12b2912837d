import { expect, test } from 'bun:test'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { damage } from '../store/file.ts'
import { describeWithPostgres } from '../support/postgres.ts'
import { openPlace, type Place, type Ran } from '../support/process.ts'
import { startProxy } from '../support/proxy.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'

const PASSWORD = 'alice likes long passwords'

/** One sentence with all of the words, the exit code of a store that cannot be used, and no trace of the program. */
function expectSentence({ code, err }: Ran, ...words: readonly string[]): void {
  expect(err).toMatch(/^cloakroom: .*\n$/)
  expect(err).not.toMatch(/\n\s+at |fault of the program|\.ts:\d/)
  for (const word of words) expect(err).toContain(word)
  expect(code).toBe(2)
}

const addAlice = (place: Place, ...flags: string[]) =>
  place.run(['user', 'add', 'alice', ...flags], { input: `${PASSWORD}\n` })

/** A database with this table or index written over, and what cannot be done with it. */
const damages: readonly (readonly [name: string, ...commands: readonly string[]])[] = [
  ['users', 'user list', 'user delete alice', 'user disable alice', 'serve --port 0'],
  ['secrets', 'serve --port 0'],
  ['sessions', 'session list', 'session list --address 192.0.2.1', 'session revoke --all'],
]
for (const [name, ...commands] of damages) {
  for (const command of commands) {
    test.concurrent(`of a database whose ${name} are damaged, ${command} says where it is and what to do`, async () => {
      await using place = openPlace()
      await addAlice(place)
      const path = join(place.data, 'cloakroom.db')
      damage(path, name)
      const ran = await place.run(command.split(' '))
      expectSentence(ran, path, 'damaged', 'Restore a backup in its place')
    })
  }
}

for (const name of ['users', 'sessions', 'secrets']) {
  test.concurrent(`a copy of a database whose ${name} are damaged says so and ends`, async () => {
    await using place = openPlace()
    await addAlice(place)
    damage(join(place.data, 'cloakroom.db'), name)
    const ran = await place.run(['copy', '--from', 'sqlite:data/cloakroom.db', '--to', 'sqlite:new.db'])
    expectSentence(ran, 'The copy was broken off', 'data/cloakroom.db', 'damaged', 'Restore a backup')
  })
}

test.concurrent('a damaged database that was given by another name is not said to be away', async () => {
  await using place = openPlace()
  await addAlice(place)
  damage(join(place.data, 'cloakroom.db'), 'sessions')
  symlinkSync(join(place.data, 'cloakroom.db'), join(place.folder, 'link.db'))
  for (const command of [['list'], ['list', '--address', '192.0.2.1'], ['revoke', '--all']]) {
    const ran = await place.run(['session', ...command, '--store', 'sqlite:link.db'])
    expectSentence(ran, '.db is not a database, or it is damaged')
    expect(ran.err).not.toContain('when it answers')
  }
})

/** A command that waits for a password on a terminal, and so has a store open that goes away meanwhile. */
async function addWhileAway(place: Place, url: string, goAway: () => Promise<void>): Promise<Ran> {
  const adding = place.startOnTerminal(['user', 'add', 'alice', '--store', url])
  await adding.said(/Password for alice/)
  await goAway()
  adding.type(`${PASSWORD}\r`)
  await adding.said(/The same again/)
  adding.type(`${PASSWORD}\r`)
  return adding.ended
}

describeWithRedis('on Redis', () => {
  test('a command whose store goes away says which it is, without its password, and what to do', async () => {
    await using redis = await startRedis(['--requirepass', 'hunter2'])
    await using place = openPlace()
    const url = redis.url.replace('//', '//:hunter2@')
    const { code, out } = await addWhileAway(place, url, () => redis.kill())
    expect(out).toContain(redis.url.replace('//', '//***@'))
    expect(out).toContain('cloakroom check')
    expect(out).not.toMatch(/hunter2|\.ts:\d|fault of the program/)
    expect(code).toBe(2)
  })
})

describeWithPostgres('on PostgreSQL', {}, (postgres) => {
  test('a command whose store goes away says which it is, without its password, and what to do', async () => {
    const direct = new URL(await postgres.newDatabase())
    await using proxy = startProxy(Number(direct.port))
    await using place = openPlace()
    const url = new URL(direct)
    url.port = String(proxy.port)
    url.password = 'hunter2'
    const { code, out } = await addWhileAway(place, url.href, async () => {
      proxy.mood = 'reset'
    })
    expect(out).toContain(`${url.hostname}:${proxy.port}`)
    expect(out).toContain('cloakroom check')
    expect(out).not.toMatch(/hunter2|\.ts:\d|fault of the program/)
    expect(code).toBe(2)
  })
})

import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPlace, type Place } from '../support/process.ts'

const PASSWORD = 'alice likes long passwords'

async function givenAlice(place: Place, ...flags: string[]): Promise<void> {
  const { code } = await place.run(['user', 'add', 'alice', ...flags], { input: `${PASSWORD}\n` })
  expect(code).toBe(0)
}

test.concurrent('an unknown user is named, with exit code 3', async () => {
  await using place = openPlace()
  await givenAlice(place)
  for (const command of [
    'user passwd',
    'user disable',
    'user enable',
    'user delete',
    'user update --role admin',
    'session list --user',
    'session revoke --user',
  ]) {
    const ran = await place.run([...command.split(' '), 'nobody'], { input: `${PASSWORD}\n` })
    expect(ran).toEqual({ code: 3, out: '', err: 'cloakroom: There is no user nobody.\n' })
  }
})

test.concurrent('a user who is there already is not added again', async () => {
  await using place = openPlace()
  await givenAlice(place, '--role', 'clerk')
  const { code, err } = await place.run(['user', 'add', 'alice'], { input: 'another one of hers\n' })
  expect(code).toBe(3)
  expect(err).toContain('alice already')
  expect((await place.run(['user', 'list', '--json'])).out).toContain('"roles":["clerk"]')
})

test.concurrent('the last admin is neither disabled nor deleted', async () => {
  await using place = openPlace()
  await givenAlice(place, '--role', 'admin')
  for (const command of ['disable', 'delete']) {
    const { code, err } = await place.run(['user', command, 'alice'])
    expect(code).toBe(3)
    expect(err).toContain('last admin')
  }
  expect((await place.run(['user', 'list', '--json'])).out).toContain('"disabled":false')
})

test.concurrent('a password that nobody should choose is declined, and not repeated', async () => {
  await using place = openPlace()
  for (const [password, reason] of [
    ['short', '8 characters'],
    ['Password1', 'commonest'],
    ['x'.repeat(1_025), '1024 bytes'],
  ] as const) {
    const { code, err } = await place.run(['user', 'add', 'alice'], { input: password })
    expect(code).toBe(3)
    expect(err).toContain(reason)
    expect(err).not.toContain(password)
  }
  expect(await place.run(['user', 'list', '--json'])).toEqual({ code: 0, out: '', err: '' })
})

test.concurrent('where no password comes, nothing is changed', async () => {
  await using place = openPlace()
  for (const input of ['', '\r\n', '\nthe second line\n']) {
    const { code, err } = await place.run(['user', 'add', 'alice'], { input })
    expect(code).toBe(2)
    expect(err).toContain('standard input')
  }
  expect(await place.run(['user', 'list', '--json'])).toEqual({ code: 0, out: '', err: '' })
})

for (const args of [
  ['user', 'add', 'alice', 'hunter2hunter2'],
  ['user', 'add', 'alice', '--password', 'hunter2hunter2'],
  ['user', 'add', 'alice', '--password=hunter2hunter2'],
  ['user', 'passwd', 'alice', 'hunter2hunter2'],
  ['user', 'update', 'alice', '--email', 'a@example.com', '--password=hunter2hunter2'],
]) {
  test.concurrent(`a password among the arguments is refused: ${args.join(' ')}`, async () => {
    await using place = openPlace()
    const { code, out, err } = await place.run(args, { input: `${PASSWORD}\n` })
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).not.toContain('hunter2')
    expect(existsSync(place.data)).toBe(false)
  })
}

test.concurrent('--password is refused with the same sentence whether a value comes with it or not', async () => {
  await using place = openPlace()
  for (const command of ['add', 'passwd', 'update']) {
    const said = new Set<string>()
    for (const flag of ['--password=hunter2hunter2', '--password']) {
      const ran = await place.run(['user', command, 'alice', flag], { input: `${PASSWORD}\n` })
      expect(ran).toMatchObject({ code: 2, out: '' })
      said.add(ran.err)
    }
    expect([...said]).toEqual([expect.stringMatching(/^cloakroom: A password is never an argument, .*\.\n$/)])
  }
  expect(existsSync(place.data)).toBe(false)
})

test.concurrent('a name that cannot be typed again from looking at it is declined', async () => {
  await using place = openPlace()
  for (const name of [' alice', 'al\u200bice', 'x'.repeat(300), '']) {
    const { code, err } = await place.run(['user', 'add', name], { input: `${PASSWORD}\n` })
    expect(code).toBe(3)
    expect(err).toContain('visible characters')
  }
})

test.concurrent('a command that only looks makes nothing where there is no store, and says so', async () => {
  await using place = openPlace()
  for (const command of ['user list', 'session list', 'backup copy.db']) {
    const { code, out, err } = await place.run(command.split(' '))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(join(place.data, 'cloakroom.db'))
    expect(err).toContain('--data')
  }
  expect(readdirSync(place.folder)).toEqual([])
})

test.concurrent('check of a store that is not there yet says so and makes nothing', async () => {
  await using place = openPlace()
  const { code, out } = await place.run(['check'])
  expect(code).toBe(0)
  expect(out).toContain('does not exist yet')
  expect(readdirSync(place.folder)).toEqual([])
})

test.concurrent('check says no to a folder in which no server could start', async () => {
  await using place = openPlace()
  const file = join(place.folder, 'file')
  writeFileSync(file, 'text')
  for (const data of [file, join(file, 'data')]) {
    const { code, err } = await place.run(['check', '--data', data])
    expect(code).toBe(2)
    expect(err).toContain(file)
  }
})

test.concurrent('check says no to settings with which no server could start', async () => {
  await using place = openPlace()
  for (const [flags, words] of [
    [['--port', 'x'], '--port'],
    [['--host', '0.0.0.0'], 'plain http'],
    [['--config', 'nowhere.toml'], 'nowhere.toml'],
  ] as const) {
    const { code, out, err } = await place.run(['check', ...flags])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain(words)
  }
})

for (const [password, ...command] of [
  ['hunter@hunter/hunter', 'check'],
  ['hunter@2/hunter', 'serve'],
  ['hunter@2?hunter', 'user', 'list'],
  ['1#hunter', 'copy', '--to', 'sqlite:new.db'],
] as const) {
  test.concurrent(`a password that was not percent-encoded is refused, and no part of it repeated: ${command[0]}`, async () => {
    await using place = openPlace()
    const url = `postgres://cloakroom:${password}@127.0.0.1:1/cloakroom`
    const flag = command[0] === 'copy' ? '--from' : '--store'
    const { code, out, err } = await place.run([...command, flag, url])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('percent-encoded')
    expect(err).not.toContain('hunter')
  })
}

test.concurrent('check changes not a byte, and with --deep it finds a wrong count', async () => {
  await using place = openPlace()
  await givenAlice(place)
  const path = join(place.data, 'cloakroom.db')
  const filesOf = () =>
    readdirSync(place.data).map((name) => [name, readFileSync(join(place.data, name), 'hex')])
  const before = filesOf()
  expect((await place.run(['check', '--deep'])).code).toBe(0)
  expect(filesOf()).toEqual(before)
  {
    using db = new Database(path)
    db.exec("INSERT INTO attributes VALUES (4711, 'k', 'v'); PRAGMA wal_checkpoint(TRUNCATE)")
  }
  expect((await place.run(['check'])).code).toBe(0)
  const { code, err } = await place.run(['check', '--deep'])
  expect(code).toBe(2)
  for (const word of [path, 'damaged', 'backup']) expect(err).toContain(word)
  expect(statSync(path).isFile()).toBe(true)
})

import { expect, test } from 'bun:test'
import { openPlace, type Place, type Program } from '../support/process.ts'

const PASSWORD = 'zyxwvutsrq-0987'

/** Types two answers to the two questions for a password. */
async function answer(program: Program, first: string, second: string) {
  await program.said(/Password for alice/)
  program.type(`${first}\r`)
  await program.said(/The same again/)
  program.type(`${second}\r`)
  return program.ended
}

const users = async (place: Place) => (await place.run(['user', 'list', '--json'])).out

test.concurrent('on a terminal the password is asked for twice, and is never shown', async () => {
  await using place = openPlace()
  const asked = place.startOnTerminal(['user', 'add', 'alice'])
  const { code, out } = await answer(asked, PASSWORD, PASSWORD)
  expect(code).toBe(0)
  expect(out).toContain('alice can log in.')
  const shown = Bun.stripANSI(out).replace(/Password for alice|The same again|alice can log in\./g, '')
  // One letter at a time would be as bad as all together.
  for (const letter of new Set('zyxwvutsrq')) expect(shown).not.toContain(letter)
  const server = await place.serve()
  expect((await server.logIn('alice', PASSWORD)).status).toBe(200)
})

test.concurrent('two answers that differ change nothing', async () => {
  await using place = openPlace()
  const adding = place.startOnTerminal(['user', 'add', 'alice'])
  const added = await answer(adding, PASSWORD, `${PASSWORD}!`)
  expect(added.code).toBe(2)
  expect(added.out).toContain('The two passwords differ; nothing was changed.')
  expect(await users(place)).toBe('')

  await place.run(['user', 'add', 'alice'], { input: `${PASSWORD}\n` })
  const changing = place.startOnTerminal(['user', 'passwd', 'alice'])
  expect((await answer(changing, 'another long one', 'another long two')).code).toBe(2)
  const server = await place.serve()
  expect((await server.logIn('alice', PASSWORD)).status).toBe(200)
})

test.concurrent('control C at the question changes nothing', async () => {
  await using place = openPlace()
  const program = place.startOnTerminal(['user', 'add', 'alice'])
  await program.said(/Password for alice/)
  program.type('\u0003')
  const { code, out } = await program.ended
  expect(code).not.toBe(0)
  expect(out).toContain('Nothing was changed.')
  expect(await users(place)).toBe('')
})

test.concurrent('passwd asks nothing where there is no such user', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'alice'], { input: `${PASSWORD}\n` })
  const { code, out } = await place.startOnTerminal(['user', 'passwd', 'nobody']).ended
  expect(code).toBe(3)
  expect(out).not.toContain('Password for')
})

test.concurrent('add asks nothing where it would decline whatever the password is', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'alice'], { input: `${PASSWORD}\n` })
  for (const [args, said] of [
    [['alice'], 'There is a user alice already'],
    [['al\u200bice'], 'visible characters'],
    [['bob', '--role', 'a,b'], 'no comma'],
  ] as const) {
    const { code, out } = await place.startOnTerminal(['user', 'add', ...args]).ended
    expect(code).toBe(3)
    expect(out).toContain(said)
    expect(out).not.toContain('Password for')
  }
})

test.concurrent('errors are coloured on a terminal, and nowhere else', async () => {
  await using place = openPlace()
  const args = ['user', 'list', '--store', 'mysql://localhost']
  const typed = await place.startOnTerminal(args).ended
  expect(typed.out).toContain('\u001b[31mcloakroom:')
  const piped = await place.run(args)
  expect(piped.err).toStartWith('cloakroom: ')
  expect(piped.out + piped.err).not.toContain('\u001b')
  const plain = await place.startOnTerminal(args, { env: { NO_COLOR: '1' } }).ended
  expect(plain.out).not.toContain('\u001b')
})

test.concurrent('what goes through a pipe holds no escape codes', async () => {
  await using place = openPlace()
  const server = await place.serve([], {})
  for (const command of [
    'user list',
    'session list',
    'check',
    'user passwd admin',
    'serve --port 0',
    'serv',
  ]) {
    const { out, err } = await place.run(command.split(' '), { input: `${PASSWORD}\n` })
    expect(out + err).not.toContain('\u001b')
    expect(out + err).not.toBe('')
  }
  expect(server.out + server.err).not.toContain('\u001b')
})

import { expect, test } from 'bun:test'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import pkg from '../../package.json' with { type: 'json' }
import { MAIN, openPlace } from '../support/process.ts'

const storeFlags = ['--data <dir>', 'default: ./data', '--store <url>', '--config <file>', 'CLOAKROOM_DATA']

/** Every command, and what its help says. */
const commands: readonly (readonly [command: string, ...says: readonly string[]])[] = [
  ['', 'serve', 'user', 'session', 'backup', 'copy', 'check', 'version', 'Exit codes'],
  [
    'serve',
    ...storeFlags,
    '--port <number>',
    'default: 8080',
    '--host <address>',
    '127.0.0.1',
    '--public-url <url>',
    'CLOAKROOM_PUBLIC_URL',
    'CLOAKROOM_ADMIN_PASSWORD',
    '$ cloakroom serve',
  ],
  ['user', 'add', 'update', 'list', 'passwd', 'disable', 'enable', 'delete'],
  ['user add', ...storeFlags, '--role', 'standard input', '$ echo "$PASSWORD" | cloakroom user add'],
  ['user update', ...storeFlags, '--fullname', '--email', '--role', '$ cloakroom user update'],
  ['user list', ...storeFlags, '--json'],
  ['user passwd', ...storeFlags, 'standard input', '| cloakroom user passwd'],
  ['user disable', ...storeFlags, 'ends all sessions'],
  ['user enable', ...storeFlags],
  ['user delete', ...storeFlags, 'ends all sessions'],
  ['session', 'list', 'revoke'],
  ['session list', ...storeFlags, '--user <name>', '--address <address>', '--json'],
  ['session revoke', ...storeFlags, '[handle]', '--user <name>', '--all', '$ cloakroom session revoke'],
  ['backup', ...storeFlags, '<file>', '$ cloakroom backup'],
  ['copy', '--from <url>', '--to <url>', '--config <file>', 'stop the servers', '$ cloakroom copy --from'],
  ['check', ...storeFlags, '--deep', 'changes nothing'],
  ['version', 'prints the version'],
]

for (const [command, ...says] of commands) {
  const words = command === '' ? [] : command.split(' ')
  test.concurrent(`cloakroom ${command} --help says how to use it, in plain text, and exits with 0`, async () => {
    await using place = openPlace()
    const { code, out, err } = await place.run([...words, '--help'])
    expect({ code, err }).toEqual({ code: 0, err: '' })
    expect(out).toStartWith(`Usage: ${['cloakroom', ...words].join(' ')}`)
    // The text is wrapped wherever a line ends.
    const text = out.replace(/\s+/g, ' ')
    for (const each of says) expect(text).toContain(each)
    expect(out).not.toContain('\u001b')
    expect(existsSync(place.data)).toBe(false)
  })
}

test.concurrent('help for a command is the help of that command, and not of its family', async () => {
  await using place = openPlace()
  for (const words of [['serve'], ['user', 'add']]) {
    const { code, out } = await place.run(['help', ...words])
    expect(out).toStartWith(`Usage: cloakroom ${words.join(' ')} `)
    expect(code).toBe(0)
  }
})

test.concurrent('the version is that of the package, however it is asked for', async () => {
  await using place = openPlace()
  for (const word of ['version', '--version']) {
    expect(await place.run([word])).toEqual({ code: 0, out: `${pkg.version}\n`, err: '' })
  }
})

/** The files of ours, and the packages, that are loaded with a file before anything in it runs. */
function loadedWith(path: string, found = new Set<string>()): Set<string> {
  const { imports } = new Bun.Transpiler({ loader: 'ts' }).scan(readFileSync(path, 'utf8'))
  for (const { kind, path: named } of imports) {
    const file = named.startsWith('.') ? resolve(path, '..', named) : named
    if (kind !== 'import-statement' || found.has(file)) continue
    found.add(file)
    if (file.endsWith('.ts')) loadedWith(file, found)
  }
  return found
}

test('the version loads nothing of the program, and the help nothing of a command', () => {
  expect([...loadedWith(MAIN)]).toEqual([resolve('package.json')])
  const loaded = [...loadedWith(resolve(MAIN, '../program.ts'))]
  expect(loaded).toContain('commander')
  const commands = ['serve', 'user', 'session', 'backup', 'copy', 'check', 'settings']
  expect(loaded.filter((file) => commands.some((name) => file.endsWith(`/cli/${name}.ts`)))).toEqual([])
})

/** Calls that are none, and what is said of them. */
const wrong: readonly (readonly [args: string, ...says: readonly string[]])[] = [
  ['serv', 'serv', 'Did you mean serve?'],
  ['user lst', 'lst', 'Did you mean list?'],
  ['start', 'start', 'Did you mean serve?'],
  ['user ls', 'ls', 'Did you mean list?'],
  ['serve 9000', 'too many arguments', 'npm start -- --port 9000'],
  ['serve --trusted-proxies 10.0.0.1', 'trusted-proxies', 'settings file', 'CLOAKROOM_TRUSTED_PROXIES'],
  ['serve --store ./x.db', '--store', 'sqlite:./x.db'],
  ['copy --from x.db --to memory:', '--from', 'sqlite:x.db'],
  ['serve --prot 8080', '--prot', 'Did you mean --port?'],
  ['serve --trusted-proxies ::1', 'trusted-proxies has no flag', 'CLOAKROOM_TRUSTED_PROXIES'],
  ['check --session.idle=1h', 'session.idle has no flag', 'CLOAKROOM_SESSION_IDLE'],
  ['xyzzy', 'xyzzy', '--help'],
  ['user add', 'name'],
  ['user add bob --role admin clerk', 'too many arguments'],
  ['user update', 'name'],
  ['user update alice', '--fullname', '--email', '--role'],
  ['backup', 'file'],
  ['copy --from sqlite:a.db', '--to'],
  ['copy --to sqlite:a.db', '--from'],
  ['session revoke', 'handle', '--user', '--all'],
  ['session revoke --user alice --all', 'handle', '--user', '--all'],
]

for (const [args, ...says] of wrong) {
  test.concurrent(`cloakroom ${args}: exits with 2, says what was wrong, and makes nothing`, async () => {
    await using place = openPlace()
    const { code, out, err } = await place.run(args.split(' '))
    expect({ code, out }).toEqual({ code: 2, out: '' })
    for (const each of says) expect(err).toContain(each)
    expect(err).not.toMatch(/\n\s+at |fault of the program/)
    expect(existsSync(place.data)).toBe(false)
  })
}

for (const words of [[], ['user']]) {
  test.concurrent(`cloakroom ${words.join(' ')} alone says what there is, and exits with 2`, async () => {
    await using place = openPlace()
    const { code, out, err } = await place.run(words)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toContain('Commands:')
  })
}

import { expect, test } from 'bun:test'
import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAIN, openPlace, type Place } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

/** Runs a line of the shell, in which `cloakroom` is the program. Bytes that are no UTF-8 are written as octal in `$'…'`. */
async function shell(place: Place, line: string, env: Readonly<Record<string, string>> = {}) {
  const child = Bun.spawn(['bash', '-c', `cloakroom() { "${process.execPath}" "${MAIN}" "$@"; }; ${line}`], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const text = (stream: ReadableStream) => new Response(stream).text()
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), child.exited])
  return { out, err, code }
}

/** Commands with bytes that are not UTF-8, and what names the place. */
const notUtf8: readonly (readonly [line: string, says: string])[] = [
  ["echo 'a password of hers' | cloakroom user add $'M\\374ller'", 'Argument 3'],
  [
    "echo 'a password of hers' | cloakroom user add alice --fullname $'M\\374ller'",
    'The value of --fullname',
  ],
  [
    "echo 'a password of hers' | cloakroom user add alice --fullname=$'M\\374ller'",
    'The value of --fullname',
  ],
  ["cloakroom serve --port 0 --data $'d\\374'", 'The value of --data'],
  ["printf 'Passw\\366rter 123\\n' | cloakroom user add alice", 'Standard input'],
  ["printf 'sqlite:\\366.db\\n' | cloakroom copy --from - --to sqlite:b.db", 'Standard input'],
  ["CLOAKROOM_ADMIN_PASSWORD=$'Passw\\366rter 123' cloakroom serve --port 0", 'CLOAKROOM_ADMIN_PASSWORD'],
  ["CLOAKROOM_SESSION_IDLE=$'\\366' cloakroom check", 'CLOAKROOM_SESSION_IDLE'],
  ['printf \'data = "\\366"\\n\' > s.toml; cloakroom check --config s.toml', 's.toml'],
]

for (const [line, says] of notUtf8) {
  test.concurrent(`bytes that are not UTF-8 are refused, and nothing is made: ${line}`, async () => {
    await using place = openPlace()
    const { code, out, err } = await shell(place, line)
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/^cloakroom: .* is not UTF-8\..*\n$/)
    expect(err).toContain(says)
    expect(err).not.toMatch(/rter|ller/)
    if (existsSync(place.data)) expect((await place.run(['user', 'list', '--json'])).out).toBe('')
  })
}

test.concurrent('a password as PowerShell sends it is right: a mark at the beginning, UTF-16 or UTF-8, and CRLF', async () => {
  await using place = openPlace()
  const password = 'Grüße aus dem Wald'
  const inputs = [
    Buffer.from(`\ufeff${password}\r\n`, 'utf8'),
    Buffer.from(`\ufeff${password}\r\n`, 'utf16le'),
    Buffer.from(`\ufeff${password}\r\n`, 'utf16le').swap16(),
  ]
  for (const [i, input] of inputs.entries()) {
    writeFileSync(join(place.folder, 'password'), input)
    const added = await shell(place, `cloakroom user add user-${i} < password`)
    expect([added.code, added.err]).toEqual([0, ''])
  }
  const server = await place.serve()
  for (const i of inputs.keys()) expect((await server.logIn(`user-${i}`, password)).status).toBe(200)
})

test.concurrent('a reader who leaves ends a command without a word', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'alice'], { input: 'a password of alice\n' })
  for (const command of ['user list', 'session list --json', 'check', '--help']) {
    const line = `set -o pipefail; cloakroom ${command} | true`
    expect([command, await shell(place, line)]).toEqual([command, { code: 0, out: '', err: '' }])
  }
  // On standard error too, where a command is refused.
  const refused = await shell(place, 'set -o pipefail; cloakroom user delete nobody 2>&1 >/dev/null | true')
  expect(refused).toEqual({ code: 3, out: '', err: '' })
})

test.concurrent('a disk that is full under standard output is told, and the exit code says so', async () => {
  await using place = openPlace()
  const { code, err } = await shell(place, 'cloakroom --help > /dev/full')
  expect([code, err]).toEqual([2, 'cloakroom: Standard output cannot be written (ENOSPC).\n'])
})

test.concurrent('what --json prints moves no cursor: every character that nobody sees is escaped', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const agent = 'UA\u009b31m\u007f\u200b\u2028\u{e0001}'
  await fetch(`${server.url}/z_security_check`, {
    method: 'POST',
    body: new URLSearchParams({ z_username: 'admin', z_password: ADMIN_PASSWORD, z_csrf_protection: 'off' }),
    headers: { 'user-agent': Buffer.from(agent).toString('latin1') },
  })
  const { out } = await place.run(['session', 'list', '--json'])
  expect(out).toMatch(/^[\x20-\x7e\xa0-\xff]+\n$/)
  expect((JSON.parse(out) as { userAgent: string }).userAgent).toContain('31m')
})

test.concurrent('flags that npm kept for itself are named, with where they belong', async () => {
  await using place = openPlace()
  for (const [script, command] of [
    ['start', 'npm start -- --port'],
    ['cloakroom', 'npm run cloakroom -- --port'],
  ] as const) {
    const env = { npm_lifecycle_event: script, npm_config_port: '9000' }
    const { code, err } = await place.run(['serve'], { env })
    expect([code, err]).toEqual([2, expect.stringContaining(command)])
  }
  expect(existsSync(place.data)).toBe(false)
})

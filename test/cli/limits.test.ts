import { expect, test } from 'bun:test'
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { MAIN, openPlace, type Place } from '../support/process.ts'

/** A user whom nobody else is, to be who runs a service. */
const SERVICE = 54_321

/** Runs the program with words before it, such as those that give it less to work with. */
async function run(place: Place, before: string, args: readonly string[]) {
  const child = Bun.spawn(['bash', '-c', `${before} "$@"`, 'bash', process.execPath, MAIN, ...args], {
    cwd: place.folder,
    env: { PATH: process.env['PATH'] ?? '', CLOAKROOM_ADMIN_PASSWORD: 'a password of my own' },
    stdin: new TextEncoder().encode('a password of my own\n'),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const text = (stream: ReadableStream) => new Response(stream).text()
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), child.exited])
  return { out, err, code }
}

/** One sentence with all of the words, and the exit code of a start that is refused. */
function expectSentence({ err, code }: Awaited<ReturnType<typeof run>>, ...words: readonly string[]): void {
  expect(err).toMatch(/^cloakroom: .*\n$/)
  for (const word of words) expect(err).toContain(word)
  expect(code).toBe(2)
}

test.concurrent('with too few descriptors the start is refused, and names ulimit -n', async () => {
  await using place = openPlace()
  for (const [count, ...args] of [
    [20, 'serve', '--port', '0'],
    [100, 'serve', '--port', '0'],
    [30, 'user', 'list'],
  ] as const) {
    const ran = await run(place, `ulimit -n ${count}; exec`, args)
    expectSentence(ran, `only ${count} files`, 'ulimit -n', 'LimitNOFILE=')
  }
  expect(readdirSync(place.folder)).toEqual([])
})

test.concurrent('in a folder that has been deleted nothing is started somewhere else', async () => {
  await using place = openPlace()
  const gone = join(place.folder, 'gone')
  mkdirSync(gone)
  const ran = await run(place, `cd ${gone} && rmdir ${gone} && exec`, ['serve', '--port', '0'])
  expectSentence(ran, 'folder', 'deleted')
})

test.concurrent('a pipe, a device and a path that is too long are no place for a database', async () => {
  await using place = openPlace()
  Bun.spawnSync(['mkfifo', join(place.folder, 'pipe')])
  symlinkSync('loop', join(place.folder, 'loop'))
  for (const store of ['pipe', '/dev/null', `${'x'.repeat(300)}/a.db`, 'loop/a.db']) {
    for (const command of [
      ['serve', '--port', '0'],
      ['user', 'add', 'alice'],
    ])
      expectSentence(await run(place, 'exec', [...command, '--store', `sqlite:${store}`]), store, 'place')
  }
})

for (const host of ['127.0.0.1:80', 'http://localhost', 'localhost/path', '[::1]:80']) {
  test.concurrent(`--host ${host} is more than a host`, async () => {
    await using place = openPlace()
    expectSentence(
      await run(place, 'exec', ['check', '--host', host]),
      '--host',
      'without a scheme and a port',
    )
  })
}

const isRoot = process.geteuid?.() === 0 && Bun.which('setpriv') !== null
const asService = `exec setpriv --reuid ${SERVICE} --regid ${SERVICE} --clear-groups`

/** A folder of the service, which it can reach. */
function givenService(place: Place): void {
  chmodSync(dirname(place.folder), 0o755)
  mkdirSync(place.data)
  chownSync(place.data, SERVICE, SERVICE)
}

test.concurrent.skipIf(!isRoot)('what root makes beside a service belongs to the service', async () => {
  await using place = openPlace()
  givenService(place)
  expect((await run(place, 'exec', ['user', 'add', 'alice', '--role', 'admin'])).err).toBe('')
  const copied = join(place.data, 'deep', 'er', 'copy.db')
  const copy = ['copy', '--from', `sqlite:${join(place.data, 'cloakroom.db')}`, '--to', `sqlite:${copied}`]
  expect((await run(place, 'exec', copy)).err).toBe('')
  const made = readdirSync(place.data, { recursive: true }).map(String)
  expect(made).toContain('cloakroom.db.lock')
  for (const each of made) {
    const { uid, gid, mode } = statSync(join(place.data, each))
    expect([each, uid, gid, mode & 0o077]).toEqual([each, SERVICE, SERVICE, 0])
  }
  expect((await run(place, asService, ['user', 'list', '--store', `sqlite:${copied}`])).out).toContain(
    'alice',
  )
})

test.concurrent.skipIf(!isRoot)('root follows no link in the folder of a service', async () => {
  await using place = openPlace()
  givenService(place)
  const victim = join(place.folder, 'victim')
  writeFileSync(victim, '')
  for (const end of ['.changes', '.lock']) symlinkSync(victim, join(place.data, `cloakroom.db${end}`))
  for (const command of [
    ['user', 'add', 'alice'],
    ['serve', '--port', '0'],
  ])
    expect((await run(place, 'exec', command)).code).toBe(2)
  const { uid, size } = statSync(victim)
  expect([uid, size]).toEqual([0, 0])
})

test.concurrent.skipIf(!isRoot)(
  'a file that belongs to root is named with its owner, by the start and by a check',
  async () => {
    await using place = openPlace()
    givenService(place)
    expect((await run(place, asService, ['user', 'add', 'alice', '--role', 'admin'])).err).toBe('')
    for (const end of ['', '.lock', '.changes']) {
      const file = join(place.data, `cloakroom.db${end}`)
      const isThere = readdirSync(place.data).includes(`cloakroom.db${end}`)
      if (!isThere) writeFileSync(file, '', { mode: 0o600 })
      else chownSync(file, 0, 0)
      for (const command of [['serve', '--port', '0'], ['check']])
        expectSentence(
          await run(place, asService, command),
          file,
          'belongs to root',
          `user ${SERVICE}`,
          'chown',
        )
      if (isThere) chownSync(file, SERVICE, SERVICE)
      else rmSync(file)
    }
    chmodSync(place.data, 0o500)
    for (const command of [['serve', '--port', '0'], ['check']])
      expectSentence(await run(place, asService, command), place.data, 'chmod')
  },
)

test.concurrent.skipIf(!isRoot)(
  'a port that is for privileged programs is named, by the start and by a check',
  async () => {
    await using place = openPlace()
    givenService(place)
    for (const command of ['serve', 'check'])
      expectSentence(
        await run(place, asService, [command, '--port', '81']),
        'Port 81',
        'privileged',
        '--port',
      )
  },
)

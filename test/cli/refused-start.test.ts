import { Database } from 'bun:sqlite'
import { expect, test } from 'bun:test'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openPlace, type Place } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

const env = { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD }

/** A start that is refused with one sentence, which says all of the words, and neither a trace of the program nor a log. */
async function expectRefusal(place: Place, args: readonly string[], ...words: readonly string[]) {
  return expectSentence(await place.run(['serve', '--port', '0', ...args], { env }), words)
}

function expectSentence({ code, out, err }: Awaited<ReturnType<Place['run']>>, words: readonly string[]) {
  expect(err).toStartWith('cloakroom: ')
  expect(err).not.toMatch(/\n\s+at |fault of the program|\.ts:\d/)
  for (const word of words) expect(err).toContain(word)
  expect({ code, started: out.includes('"event":"start"') }).toEqual({ code: 2, started: false })
  return err
}

test.concurrent('a port that is taken is named', async () => {
  await using place = openPlace()
  using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('other') })
  const port = String(other.port)
  await expectRefusal(place, ['--port', port], `Port ${port}`, '127.0.0.1', 'taken', '--port')
  expect(await (await fetch(`http://127.0.0.1:${port}`)).text()).toBe('other')
})

test.concurrent('a port that is taken where metrics would be told is named', async () => {
  await using place = openPlace()
  using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('other') })
  const taken = ['--metrics', `127.0.0.1:${other.port}`]
  const said = await expectRefusal(place, taken, `Port ${other.port}`, '127.0.0.1', 'taken', '--metrics')
  expect(said).not.toContain('password')
})

test.concurrent('metrics where the server itself listens are refused, and nothing is said to be taken', async () => {
  await using place = openPlace()
  const both = ['--port', '9555', '--metrics', '127.0.0.1:9555']
  for (const command of ['serve', 'check']) {
    const ran = await place.run([command, ...both], { env })
    expect(expectSentence(ran, ['--metrics 127.0.0.1:9555', 'itself'])).not.toContain('taken')
  }
  expect(existsSync(place.data)).toBe(false)
})

test.concurrent('an entry of a list that is none is counted as people count', async () => {
  await using place = openPlace()
  const path = join(place.folder, 'settings.toml')
  writeFileSync(path, 'trusted-proxies = ["127.0.0.1", "proxy"]\n')
  await expectRefusal(place, ['--config', path], `cloakroom: entry 2 of trusted-proxies in ${path} must be`)
})

test.concurrent('metrics that other machines could read take somebody who says so', async () => {
  await using place = openPlace()
  await expectRefusal(
    place,
    ['--metrics', '0.0.0.0:0'],
    '--metrics 0.0.0.0',
    'plain http',
    '--allow-plain-http',
  )
  expect(existsSync(place.data)).toBe(false)
  const onPurpose = await place.serve(['--metrics', '0.0.0.0:0', '--allow-plain-http', 'true'])
  const [, port] = await onPurpose.said(/"metrics":"http:\/\/0\.0\.0\.0:(\d+)\/metrics"/)
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('cloakroom_store_up 1')
})

test.concurrent('a start that is refused does not use up the random password of the first admin', async () => {
  await using place = openPlace()
  using other = Bun.serve({ port: 0, hostname: '127.0.0.1', fetch: () => new Response('other') })
  const refused = await place.run(['serve', '--port', String(other.port)])
  expectSentence(refused, ['taken'])
  expect(refused.err).not.toContain('password')
  const started = await place.serve([], {})
  await started.said(/with the password/)
})

// TEST-NET-1 of RFC 5737, which nobody has, and a name of RFC 6761, which nothing is called.
for (const host of ['192.0.2.1', 'nowhere.invalid']) {
  test.concurrent(`a host that is none of this machine is named, and no port is said to be taken: ${host}`, async () => {
    await using place = openPlace()
    const flags = ['--host', host, '--allow-plain-http', 'true']
    const said = await expectRefusal(place, flags, host, '--host')
    expect(said).not.toContain('taken')
    expectSentence(await place.run(['check', ...flags]), [host, '--host'])
  })
}

// A path below a file, since the administrator's account may write in every folder.
test.concurrent('a data folder that cannot be made is named', async () => {
  await using place = openPlace()
  const file = join(place.folder, 'file')
  writeFileSync(file, 'text')
  for (const data of [file, join(file, 'data')]) {
    for (const command of ['serve', 'check']) {
      const ran = await place.run([command, '--data', data], { env })
      const said = expectSentence(ran, [data, `${file} is a file`, '--data'])
      expect(said).not.toContain('right')
    }
  }
  expect(readFileSync(file, 'utf8')).toBe('text')
})

test.concurrent('a store that is a folder is named', async () => {
  await using place = openPlace()
  const store = join(place.folder, 'folder')
  mkdirSync(store)
  for (const command of [['serve'], ['check'], ['user', 'list'], ['backup', 'copy.db']]) {
    const ran = await place.run([...command, '--store', `sqlite:${store}`], { env })
    const said = expectSentence(ran, [`${store} is a folder`, '--store'])
    expect(said).not.toMatch(/right|I\/O/)
  }
  expect(readdirSync(store)).toEqual([])
  expect(readdirSync(place.folder)).toEqual(['folder'])
})

/** Files that are no store of this version, and what is said of them. */
const strangers: Record<string, { make(path: string): void; words: readonly string[] }> = {
  'a file that is no database': {
    make: (path) => writeFileSync(path, 'This is a letter and no database.\n'.repeat(200)),
    words: ['not a database', 'left as it is', 'backup'],
  },
  'a database of another program': {
    make(path) {
      using db = new Database(path, { create: true })
      db.exec('CREATE TABLE letters (text)')
    },
    words: ['another program', 'left as it is', '--data'],
  },
  'a database that was cut off': {
    make(path) {
      using db = new Database(path, { create: true })
      db.exec('CREATE TABLE letters (text)')
      db.exec(`INSERT INTO letters VALUES ('${'x'.repeat(100_000)}')`)
      writeFileSync(path, readFileSync(path).subarray(0, 3_000))
    },
    words: ['damaged', 'backup'],
  },
}

for (const [what, { make, words }] of Object.entries(strangers)) {
  test.concurrent(`${what} is named and stays as it was, byte for byte`, async () => {
    await using place = openPlace()
    const path = join(place.folder, 'stranger.db')
    make(path)
    const before = readFileSync(path)
    await expectRefusal(place, ['--store', `sqlite:${path}`], path, ...words)
    expectSentence(await place.run(['check', '--store', `sqlite:${path}`]), [path, ...words])
    expectSentence(await place.run(['user', 'list', '--store', `sqlite:${path}`]), [path, ...words])
    expect(readFileSync(path).equals(before)).toBe(true)
    // What was only looked at has nothing beside it afterwards that somebody could take for a part of it.
    expect(readdirSync(place.folder).filter((name) => /-wal|-shm|journal/.test(name))).toEqual([])
  })
}

test.concurrent('the database of a newer version is named and stays as it was, byte for byte', async () => {
  await using place = openPlace()
  await place.run(['user', 'add', 'alice'], { input: 'a password for alice\n' })
  const path = join(place.data, 'cloakroom.db')
  {
    using db = new Database(path)
    db.exec('PRAGMA user_version = 1000; PRAGMA wal_checkpoint(TRUNCATE)')
  }
  const before = readFileSync(path)
  await expectRefusal(place, [], path, 'newer version', 'schema 1000', 'backup')
  expectSentence(await place.run(['check']), [path, 'newer version'])
  expect(readFileSync(path).equals(before)).toBe(true)
})

test.concurrent('a second server on the same folder is refused, and the first goes on', async () => {
  await using place = openPlace()
  const first = await place.serve()
  await expectRefusal(place, [], 'Another server', place.data, '--data')
  expect((await first.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
})

for (const [password, reason] of [
  ['short', '8 characters'],
  ['password1', 'commonest'],
  ['x'.repeat(1_025), 'bytes'],
  ['', '8 characters'],
] as const) {
  test.concurrent(`a first password that nobody should have is refused: ${reason}, ${password.length} characters`, async () => {
    await using place = openPlace()
    const weak = { env: { CLOAKROOM_ADMIN_PASSWORD: password } }
    const ran = await place.run(['serve', '--port', '0'], weak)
    const said = expectSentence(ran, ['CLOAKROOM_ADMIN_PASSWORD', reason])
    if (password !== '') expect(said).not.toContain(password)
    expect((await place.run(['user', 'list', '--json'])).out).toBe('')
    // A check foretells it where a start would make the first admin, and only there.
    expectSentence(await place.run(['check', '--data', 'new'], weak), ['CLOAKROOM_ADMIN_PASSWORD', reason])
    await place.run(['user', 'add', 'alice', '--role', 'admin'], { input: 'a password for alice\n' })
    expect((await place.run(['check'], weak)).code).toBe(0)
  })
}

test.concurrent('plain http beyond this machine takes somebody who says so', async () => {
  await using place = openPlace()
  for (const host of ['0.0.0.0', '::']) {
    await expectRefusal(
      place,
      ['--host', host],
      `--host ${host}`,
      'plain http',
      'trusted-proxies',
      '--allow-plain-http',
    )
  }
  const inHttp = ['--host', '0.0.0.0', '--public-url', 'http://login.example.com']
  await expectRefusal(place, inHttp, '0.0.0.0', 'plain http')
  const inHttps = ['--host', '0.0.0.0', '--public-url', 'https://login.example.com']
  await expectRefusal(place, inHttps, '0.0.0.0', 'plain http')
  expect(existsSync(place.data)).toBe(false)

  const onPurpose = await place.serve(['--host', '0.0.0.0', '--allow-plain-http', 'true'])
  expect(await onPurpose.get('/healthz', '')).toBe(200)
  onPurpose.kill('SIGTERM')
  await onPurpose.ended
  writeFileSync(join(place.folder, 'proxy.toml'), 'trusted-proxies = ["10.0.0.7"]\n')
  const behindProxy = await place.serve(['--config', 'proxy.toml', '--host', '0.0.0.0'])
  expect(await behindProxy.get('/healthz', '')).toBe(200)
})

test.concurrent('a setting that is wrong makes nothing', async () => {
  await using place = openPlace()
  await expectRefusal(place, ['--port', 'eighty'], '--port', 'whole number')
  await expectRefusal(place, ['--config', 'nowhere.toml'], 'nowhere.toml', '--config')
  writeFileSync(join(place.folder, 'bad.toml'), 'port = 8080\nhost is here\n')
  await expectRefusal(place, ['--config', 'bad.toml'], 'bad.toml', 'line 2')
  expect(existsSync(place.data)).toBe(false)
})

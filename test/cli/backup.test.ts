import { expect, test } from 'bun:test'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { join } from 'node:path'
import { nicenessOf, openPlace } from '../support/process.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

test.concurrent('a server starts from a backup that was made while another ran, with all that was stored by then', async () => {
  await using place = openPlace()
  const server = await place.serve()
  const { cookie } = await server.logIn('admin', ADMIN_PASSWORD)
  expect(await server.get('/session/put?before=yes', cookie)).toBe(200)
  const file = join(place.folder, 'copy of it.db')
  const made = await place.run(['backup', 'copy of it.db'])
  expect({ code: made.code, err: made.err }).toEqual({ code: 0, err: '' })
  expect(made.out).toContain('copy of it.db')
  expect(statSync(file).mode & 0o077).toBe(0)
  expect(await server.get('/session/put?after=yes', cookie)).toBe(200)

  const data = join(place.folder, 'restored')
  mkdirSync(data)
  copyFileSync(file, join(data, 'cloakroom.db'))
  const restored = await place.serve(['--data', data], {})
  expect(restored.err).toBe('')
  const answer = await fetch(`${restored.url}/session/get`, { headers: { cookie } })
  expect(await answer.json()).toEqual({ before: 'yes' })
  expect((await restored.logIn('admin', ADMIN_PASSWORD)).status).toBe(200)
  const { code, out } = await place.run(['check', '--deep', '--data', data])
  expect(code).toBe(0)
  expect(out).toContain('no damage found')
})

test.concurrent('a backup never replaces a file', async () => {
  await using place = openPlace()
  await place.serve()
  const file = join(place.folder, 'yesterday.db')
  writeFileSync(file, 'the backup of yesterday')
  const { code, err } = await place.run(['backup', file])
  expect(code).toBe(2)
  expect(err).toContain(`${file} exists already`)
  expect(readFileSync(file, 'utf8')).toBe('the backup of yesterday')
})

test.concurrent('a backup to where nothing can be written says where, and leaves nothing', async () => {
  await using place = openPlace()
  await place.serve()
  writeFileSync(join(place.folder, 'file'), 'text')
  for (const file of ['file/copy.db', 'nowhere/copy.db']) {
    const { code, err } = await place.run(['backup', file])
    expect(code).toBe(2)
    expect(err).toStartWith('cloakroom: The backup failed')
    expect(err).toContain(join(place.folder, file))
    // It is the backup that cannot be written, not the store.
    expect(err).not.toContain('--data')
  }
  expect(existsSync(join(place.folder, 'nowhere'))).toBe(false)
  expect(readdirSync(place.folder).toSorted()).toEqual(['data', 'file'])
})

test.concurrent('a backup without a name of a file says that it needs one', async () => {
  await using place = openPlace()
  await place.serve()
  const { code, err } = await place.run(['backup', ''])
  expect([code, err]).toEqual([2, 'cloakroom: The name of the file is empty. Say where the backup goes.\n'])
})

test.skipIf(process.platform !== 'linux')('a backup waits for its turn behind the server', async () => {
  await using place = openPlace()
  await place.serve()
  const backup = place.start(['backup', 'patient.db'])
  let hasEnded = false
  void backup.ended.then(() => {
    hasEnded = true
  })
  const seen = new Set<number>()
  while (!hasEnded && !seen.has(10)) {
    seen.add(nicenessOf(backup.pid))
    await new Promise(setImmediate)
  }
  expect(seen).toContain(10)
  expect((await backup.ended).code).toBe(0)
})

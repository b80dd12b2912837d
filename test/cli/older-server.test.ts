import { expect, test } from 'bun:test'
import { join } from 'node:path'
import { makeOld, versionOf } from '../../reliability/old.ts'
import { tryHold } from '../../src/store/sqlite/lock.ts'
import { NEWEST } from '../../src/store/sqlite/schema.ts'
import { openPlace, type Place } from '../support/process.ts'

const PASSWORD = 'alice likes long passwords'

/** Which exit code and sentence each command has beside an older server. */
const REFUSED = [2, 'a server of an older version is running on it'] as const
const HELD = [2, 'Another server is running on'] as const
const UNTOUCHED = [0, ''] as const

type Beside = readonly [args: readonly string[], ends: readonly [code: number, says: string]]

/** Every command, with arguments with which it would work, and how it ends beside an older server. */
const commands: Readonly<Record<string, Beside>> = {
  serve: [['--port', '0'], HELD],
  'user add': [['alice'], REFUSED],
  'user update': [['admin', '--fullname', 'A'], REFUSED],
  'user list': [[], REFUSED],
  'user passwd': [['admin'], REFUSED],
  'user disable': [['admin'], REFUSED],
  'user enable': [['admin'], REFUSED],
  'user delete': [['admin'], REFUSED],
  'session list': [[], REFUSED],
  'session revoke': [['--all'], REFUSED],
  backup: [['copy.db'], UNTOUCHED],
  copy: [['--from', 'sqlite:data/cloakroom.db', '--to', 'sqlite:other.db'], HELD],
  check: [['--deep', '--port', '0'], UNTOUCHED],
  help: [[], UNTOUCHED],
  version: [[], UNTOUCHED],
}

/** The commands that a help lists. */
async function listed(place: Place, ...words: readonly string[]): Promise<readonly string[]> {
  const { out } = await place.run(['help', ...words])
  const [, list = ''] = out.split('\nCommands:\n')
  return [...(list.split('\n\n')[0] ?? '').matchAll(/^ {2}([a-z]+)/gm)].map(([, name = '']) => name)
}

test('beside a server of an older version no command changes the file, and each that would says why', async () => {
  await using place = openPlace()
  const families = await listed(place)
  const all = await Promise.all(
    families.map(async (family) => {
      const below = await listed(place, family)
      return below.length === 0 ? [family] : below.map((name) => `${family} ${name}`)
    }),
  )
  expect(all.flat().toSorted()).toEqual(Object.keys(commands).toSorted())

  const file = join(place.data, 'cloakroom.db')
  await makeOld(file, NEWEST - 1)
  // In a process of its own, as an older server does it.
  const lock = tryHold(file)
  const input = `${PASSWORD}\n`
  const besides = Object.entries(commands).map(async ([name, [args, [code, says]]]) => {
    const ran = await place.run([...name.split(' '), ...args], { input })
    expect([name, ran.code, ran.err]).toEqual([name, code, expect.stringContaining(says)])
    expect([name, versionOf(file)]).toEqual([name, NEWEST - 1])
    if (code === 2) expect(ran.err.trim().split('\n')).toHaveLength(1)
    if (says === REFUSED[1]) {
      for (const part of [file, `schema ${NEWEST - 1}`, `schema ${NEWEST}`, 'Stop that server'])
        expect(ran.err).toContain(part)
    }
    if (name === 'check') expect(ran.out).toContain(`which the next start upgrades to ${NEWEST}`)
  })
  await Promise.all(besides)
  expect(versionOf(join(place.folder, 'copy.db'))).toBe(NEWEST - 1)
  lock?.close()

  const { code, out } = await place.run(['session', 'list', '--json'])
  expect([code, out.trim().split('\n')]).toEqual([0, expect.objectContaining({ length: 600 })])
  expect(versionOf(file)).toBe(NEWEST)
})

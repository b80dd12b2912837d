import { existsSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { NEWEST } from '../src/store/sqlite/schema.ts'
import type { Place, Program } from '../test/support/process.ts'
import { ADMIN_PASSWORD } from '../test/support/server.ts'
import { between } from './chance.ts'
import { type Damage, judge, type Kept } from './ledger.ts'
import { makeOld, versionOf } from './old.ts'
import { type Found, type Kind, requireDone, type World } from './world.ts'

/** A server is killed in its very first start, while it creates the file, the tables and the first admin. */
export const start: Kind = async (world) => {
  const data = join(world.place.folder, `new-${crypto.randomUUID()}`)
  const file = join(data, 'cloakroom.db')
  const first = world.place.start(['serve', '--port', '0', '--data', data], {
    env: { CLOAKROOM_ADMIN_PASSWORD: ADMIN_PASSWORD },
  })
  await killInStart(world, first, file)
  if (existsSync(file)) await requireDone(world.place, ['check', '--deep', '--data', data])
  const second = await world.place.serve(['--data', data])
  const { status } = await second.logIn('admin', ADMIN_PASSWORD)
  second.kill('SIGKILL')
  await second.ended
  rmSync(data, { recursive: true })
  return { lost: status === 200 ? 0 : 1 }
}

/** A server is killed in its first start on a file of an older version that is full of sessions. */
export const migration: Kind = async (world) => {
  const from = between(world.chance, 1, NEWEST - 1)
  const data = join(world.place.folder, `old-${crypto.randomUUID()}`)
  const file = join(data, 'cloakroom.db')
  const known = await makeOld(file, from)
  const first = world.place.start(['serve', '--port', '0', '--data', data])
  await killInStart(world, first, file)
  const version = versionOf(file)
  if (version !== from && version !== NEWEST) throw new Error(`${from} became ${version}, not ${NEWEST}.`)
  const found = await startOnOld(world.place, data, known)
  rmSync(data, { recursive: true })
  return found
}

/**
 * Starts a server on an older version's file and finds out what it still has. The file must then have the
 * newest version.
 */
export async function startOnOld(place: Place, data: string, known: readonly Kept[]): Promise<Found> {
  const server = await place.serve(['--data', data])
  const damages = await Promise.all(known.map((kept) => judge(server.url, kept)))
  const { status } = await server.logIn('admin', ADMIN_PASSWORD)
  server.kill('SIGKILL')
  await server.ended
  await requireDone(place, ['check', '--deep', '--data', data])
  const version = versionOf(join(data, 'cloakroom.db'))
  if (version !== NEWEST) throw new Error(`The file is of version ${version}, not ${NEWEST}.`)
  const total = (of: keyof Damage) => damages.reduce((sum, damage) => sum + damage[of], 0)
  return {
    lost: total('lost') + (status === 200 ? 0 : 1),
    half: total('half'),
    revived: total('revived'),
    compared: known.length,
  }
}

/** Milliseconds that a server may take to open the file, and to create or migrate the tables. */
const MAX_WAIT_MS = 2_000
const WINDOW = 8

/**
 * Kills a server that has just started on a file. In two of three cases the kill comes within the few
 * milliseconds after SQLite starts to write, when tables are created or changed: too short to hit by chance
 * or with timers, which are too coarse.
 */
async function killInStart(world: World, program: Program, file: string): Promise<void> {
  if (between(world.chance, 0, 2) === 0) await Bun.sleep(between(world.chance, 30, 300))
  else {
    const latest = performance.now() + MAX_WAIT_MS
    while (!existsSync(`${file}.lock`) && performance.now() < latest) await Bun.sleep(1)
    const isWriting = () => existsSync(`${file}-wal`) || existsSync(`${file}-journal`)
    while (!isWriting() && performance.now() < latest);
    const moment = performance.now() + world.chance() * WINDOW
    while (performance.now() < moment);
  }
  program.kill('SIGKILL')
  await program.ended
}

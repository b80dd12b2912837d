import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { idOf } from '../src/session/token.ts'
import { between } from './chance.ts'
import { counterOf, type Damage, type Kept, newKept } from './ledger.ts'
import { openBeside, seed } from './seed.ts'
import { migration, start } from './starts.ts'
import { ask, logIn, requireStatus } from './wire.ts'
import {
  databaseOf,
  type Kind,
  killAmid,
  randomWait,
  requireDone,
  type Step,
  someLive,
  type World,
  writer,
} from './world.ts'

const WRITERS = 12

/** Sessions that ended an hour ago, for one round of sweeping. */
const TO_SWEEP = 2_000

const HOUR = 3_600_000

/** Many clients write. */
const write: Kind = async (world) => {
  const sessions = await someLive(world, WRITERS)
  await killAmid(
    world,
    sessions.map((kept) => writer(world, kept)),
    randomWait(world, 5, 250),
  )
  return {}
}

/** Clients log in while others write. */
const login: Kind = async (world) => {
  const sessions = await someLive(world, 4)
  const begin: Step = async () => {
    const cookie = await logIn(world.server.url)
    world.live.push(newKept(cookie))
    world.answered++
  }
  const steps = [begin, begin, begin, begin, ...sessions.map((kept) => writer(world, kept))]
  await killAmid(world, steps, randomWait(world, 20, 300))
  return {}
}

/** Sessions are ended while others are written, and while they themselves are. */
const invalidate: Kind = async (world) => {
  const sessions = await someLive(world, 60)
  const ending = sessions.splice(WRITERS)
  const end: Step = async () => {
    const kept = ending.pop()
    if (kept === undefined) return Bun.sleep(1)
    await writer(world, kept)()
    kept.end = 'sent'
    const isPage = between(world.chance, 0, 1) === 1
    const path = isPage ? '/login/logout.csp' : '/session/invalidate'
    await requireStatus(await ask(world.server.url, path, kept.cookie, {}), isPage ? 302 : 200)
    kept.end = 'answered'
    world.answered++
  }
  const steps = [end, end, end, ...sessions.map((kept) => writer(world, kept))]
  await killAmid(world, steps, randomWait(world, 5, 120))
  return {}
}

/**
 * The server starts on a file with many long-ended sessions, and deletes what is left of them while clients
 * write.
 */
const sweep: Kind = async (world) => {
  const sessions = await someLive(world, WRITERS)
  const store = await openBeside(databaseOf(world))
  const now = Date.now()
  const attributes = { left: 'over'.repeat(50), behind: 'y'.repeat(200) }
  const cookies = await seed(store, {
    count: TO_SWEEP,
    beganAt: now - 2 * HOUR,
    endsAt: now - HOUR,
    attributes,
  })
  await store.close()
  world.ended.push(
    ...cookies.slice(0, 20).map((cookie) => ({ ...newKept(cookie), end: 'answered' as const })),
  )
  await killAmid(world, [], async () => undefined)
  world.server = await world.place.serve()
  await killAmid(
    world,
    sessions.map((kept) => writer(world, kept)),
    randomWait(world, 0, 60),
  )
  return {}
}

/** A file in use is backed up, and the backup is killed first. */
const backup: Kind = async (world) => {
  const sessions = await someLive(world, WRITERS)
  const file = join(world.place.folder, `backup-${crypto.randomUUID()}.db`)
  let before: ReadonlyMap<Kept, number> = new Map()
  await killAmid(
    world,
    sessions.map((kept) => writer(world, kept)),
    async () => {
      await Bun.sleep(20)
      before = new Map(sessions.map((kept) => [kept, kept.answered]))
      const program = world.place.start(['backup', file])
      while (!existsSync(`${file}.part`) && !existsSync(file)) await Bun.sleep(1)
      await Bun.sleep(between(world.chance, 0, 60))
      program.kill('SIGKILL')
      await program.ended
    },
  )
  // The killed backup may be complete or absent; the next one finds nothing in its way.
  const isMade = existsSync(file)
  const again = `${file}-again`
  if (!isMade) await requireDone(world.place, ['backup', file])
  await requireDone(world.place, ['backup', again])
  const damages = await Promise.all([file, again].map((each) => judgeBackup(world, each, before)))
  return { lost: sum(damages, 'lost'), half: sum(damages, 'half') }
}

async function judgeBackup(
  world: World,
  file: string,
  before: ReadonlyMap<Kept, number>,
): Promise<Pick<Damage, 'lost' | 'half'>> {
  await requireDone(world.place, ['check', '--deep', '--store', `sqlite:${file}`])
  const store = await openBeside(file)
  const damage = { lost: 0, half: 0 }
  for (const [kept, answered] of before) {
    const id = idOf(kept.cookie.split('=')[1] ?? '')
    const found = await store.readSession(id, 'all', Date.now())
    const counter = found === null ? -1 : counterOf(Object.fromEntries(found.attributes))
    if (counter === null) damage.half++
    else if (counter < answered || counter > kept.sent) damage.lost++
  }
  await store.close()
  return damage
}

const sum = <Key extends string>(damages: readonly Readonly<Record<Key, number>>[], key: Key) =>
  damages.reduce((total, damage) => total + damage[key], 0)

export const kinds = { write, login, invalidate, sweep, start, migration, backup } satisfies Record<
  string,
  Kind
>

import { join } from 'node:path'
import type { Place, ServerProcess } from '../test/support/process.ts'
import { between, type Chance } from './chance.ts'
import { attributesOf, type Damage, type Kept, newKept } from './ledger.ts'
import { openBeside, seed } from './seed.ts'
import { ask, requireStatus } from './wire.ts'

/** Milliseconds after its start at which a session made here ends; longer than any run. */
const LIFETIME = 12 * 3_600_000

/** A server in a folder of its own that is killed again and again, and what its clients were told. */
export interface World {
  readonly place: Place
  readonly chance: Chance
  server: ServerProcess
  /** Sessions that live, or may do so. */
  live: Kept[]
  /** Some whose end was answered, or that ended by themselves long ago. */
  ended: Kept[]
  /** Writes that were answered in this round. */
  answered: number
}

/** What a round finds by itself, and in how many sessions besides those of the world. */
export interface Found extends Damage {
  readonly compared: number
}

/** What the server is doing when it is killed. Resolves when it is dead. */
export type Kind = (world: World) => Promise<Partial<Found>>

export const databaseOf = ({ place }: World): string => join(place.data, 'cloakroom.db')

/** One step of a client, again and again until the server is killed. */
export type Step = () => Promise<void>

/**
 * Runs the clients until `moment` has come, kills the server with SIGKILL and waits until nobody hears of it any more. What went wrong
 * before the kill is thrown; afterwards, no answer is what is to be expected.
 */
export async function killAmid(
  world: World,
  steps: readonly Step[],
  moment: () => Promise<void>,
): Promise<void> {
  let isDead = false
  let first: unknown = null
  const clients = steps.map(async (step) => {
    while (!isDead) {
      try {
        await step()
      } catch (error) {
        if (!isDead) first ??= error
        return
      }
    }
  })
  await moment()
  isDead = true
  world.server.kill('SIGKILL')
  await Promise.all([...clients, world.server.ended])
  if (first !== null) throw first
}

/** Milliseconds that a round waits for its first answer: far longer than any takes. */
const LONGEST_WAIT = 60_000

/** Waits for a random time, in milliseconds, and on until a write is answered: a kill before that shows little on a slow machine. */
export const randomWait = (world: World, least: number, most: number) => async () => {
  const [startedAt, before] = [performance.now(), world.answered]
  await Bun.sleep(between(world.chance, least, most))
  while (world.answered === before && performance.now() - startedAt < LONGEST_WAIT) await Bun.sleep(1)
}

/** A client that puts into its own session, each time all of its attributes with the next counter. */
export const writer =
  (world: World, kept: Kept): Step =>
  async () => {
    kept.sent++
    await requireStatus(
      await ask(world.server.url, '/session/put', kept.cookie, attributesOf(kept.sent)),
      200,
    )
    kept.answered = kept.sent
    world.answered++
  }

/** Live sessions of this world, at least so many. */
export async function someLive(world: World, count: number): Promise<Kept[]> {
  const missing = count - world.live.length
  if (missing > 0) {
    const store = await openBeside(databaseOf(world))
    const beganAt = Date.now()
    const cookies = await seed(store, {
      count: missing,
      beganAt,
      endsAt: beganAt + LIFETIME,
      attributes: {},
    })
    await store.close()
    world.live.push(...cookies.map(newKept))
  }
  return world.live.slice(0, count)
}

/** Runs a command of the program that has to succeed. */
export async function requireDone(place: Place, args: readonly string[]): Promise<void> {
  const { code, err } = await place.run(args)
  if (code !== 0) throw new Error(`cloakroom ${args.join(' ')} ended with ${code}: ${err}`)
}

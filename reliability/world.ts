import { join } from 'node:path'
import type { Place, ServerProcess } from '../test/support/process.ts'
import { between, type Chance } from './chance.ts'
import { attributesOf, type Damage, type Kept, newKept } from './ledger.ts'
import { openBeside, seed } from './seed.ts'
import { ask, requireStatus } from './wire.ts'

/** Milliseconds after its start at which a session made here ends; longer than any run. */
const LIFETIME_MS = 12 * 3_600_000

/** A server in its own folder that is killed again and again, and what its clients were told. */
export interface World {
  readonly place: Place
  readonly chance: Chance
  server: ServerProcess
  /** Sessions that live, or may live. */
  live: Kept[]
  /** Some sessions whose end was answered, or that expired long ago. */
  ended: Kept[]
  /** Answered writes in this round. */
  answered: number
}

/** The damage that a round finds by itself, and in how many sessions besides those of the world. */
export interface Found extends Damage {
  readonly compared: number
}

/** What the server does when it is killed. Resolves when it is dead. */
export type Kind = (world: World) => Promise<Partial<Found>>

export const databaseOf = ({ place }: World): string => join(place.data, 'cloakroom.db')

/** One step of a client, repeated until the server is killed. */
export type Step = () => Promise<void>

/**
 * Runs the clients until `moment` resolves, kills the server with SIGKILL and waits until it no longer
 * responds. Throws what went wrong before the kill; after it, missing responses are expected.
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

/** Milliseconds that a round waits for its first response: far longer than any takes. */
const MAX_WAIT_MS = 60_000

/**
 * Waits for a random number of milliseconds, and then until a write is answered: an earlier kill shows little
 * on a slow machine.
 */
export const randomWait = (world: World, least: number, most: number) => async () => {
  const [startedAt, before] = [performance.now(), world.answered]
  await Bun.sleep(between(world.chance, least, most))
  while (world.answered === before && performance.now() - startedAt < MAX_WAIT_MS) await Bun.sleep(1)
}

/** A client that puts into its own session, each time all attributes with the next counter. */
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

/** Returns at least `count` live sessions of this world. */
export async function someLive(world: World, count: number): Promise<Kept[]> {
  const missing = count - world.live.length
  if (missing > 0) {
    const store = await openBeside(databaseOf(world))
    const beganAt = Date.now()
    const cookies = await seed(store, {
      count: missing,
      beganAt,
      endsAt: beganAt + LIFETIME_MS,
      attributes: {},
    })
    await store.close()
    world.live.push(...cookies.map(newKept))
  }
  return world.live.slice(0, count)
}

/** Runs a command of the program. Throws if it fails. */
export async function requireDone(place: Place, args: readonly string[]): Promise<void> {
  const { code, err } = await place.run(args)
  if (code !== 0) throw new Error(`cloakroom ${args.join(' ')} ended with ${code}: ${err}`)
}

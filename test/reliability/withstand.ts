import { expect } from 'bun:test'
import { type Measured, type Observed, startObserved } from '../../reliability/server.ts'
import { ask, logIn } from '../../reliability/wire.ts'
import type { Flood } from './flood.ts'

const MIB = 1_048_576

/**
 * CPU time in milliseconds that the thread which answers may take until a client that behaves has its two answers. Whatever it works on
 * meanwhile, that client waits for; and a machine with other work makes it no more, so that only the server can be the reason.
 */
const MAX_CPU_MS = 500

/** Milliseconds after which something that should come is given up. */
const PATIENCE_MS = 120_000

/** Descriptors of others that may have been let go of meanwhile. */
export const SLACK = 16

/** Bytes that a server may keep: what the runtime compiled, and what it holds ready for the next time. */
const KEPT = 48 * MIB

/** A client that behaves puts, reads what it has put, and gets the right answers, before the server has done much else. */
export async function behave(server: Observed, cookie: string): Promise<void> {
  const turn = crypto.randomUUID()
  const before = server.cpuOfAnswers()
  const put = await ask(server.url, '/session/put', cookie, { turn })
  expect(put.status).toBe(200)
  const got = await ask(server.url, '/session/get?key=turn', cookie)
  expect(await got.json()).toEqual({ turn })
  expect(server.cpuOfAnswers() - before).toBeLessThan(MAX_CPU_MS)
}

/** Waits until something holds, or until it is given up. */
export async function untilGivenUp(holds: () => boolean): Promise<void> {
  const latest = performance.now() + PATIENCE_MS
  while (!holds() && performance.now() < latest) await Bun.sleep(20)
}

/** Resolves when the server has given back what its guests took. */
export async function settled(server: Observed, before: Measured): Promise<void> {
  const most = { descriptors: before.descriptors + SLACK, rss: before.rss + KEPT }
  const isBack = ({ descriptors, rss }: Measured) => descriptors <= most.descriptors && rss <= most.rss
  await untilGivenUp(() => isBack(server.measure()))
  const { descriptors, rss } = server.measure()
  expect(descriptors).toBeLessThanOrEqual(most.descriptors)
  expect(rss).toBeLessThanOrEqual(most.rss)
}

const SETTINGS = 'login = { address-attempts = 20 }'

/** Starts a server with a client that behaves, and measures what it takes while nothing else goes on. `guest` is the cookie of another live session. */
export async function startQuiet(toml = SETTINGS) {
  const server = await startObserved({ toml })
  const cookie = await logIn(server.url)
  const guest = await logIn(server.url)
  for (let i = 0; i < 20; i++) await behave(server, cookie)
  return { server, cookie, guest, quiet: server.measure() }
}

interface Withstanding {
  /** Settings of the server, if not the usual ones. */
  readonly toml?: string
  /** Answers that each flood gets at least: one that the server never heard of would show nothing. */
  readonly answers: number
  /** `guest` is the cookie of a live session that the flood may use. */
  flood(server: Observed, guest: string): Flood | Promise<Flood>
}

/** Runs a flood three times beside a client that behaves, and expects everything back that it took, each time. */
export async function withstand({ toml, answers, flood }: Withstanding): Promise<void> {
  const { server, cookie, guest, quiet } = await startQuiet(toml)
  await using _ = server
  for (let round = 0; round < 3; round++) {
    const running = await flood(server, guest)
    for (let i = 0; i < 30; i++) {
      await running.next()
      await behave(server, cookie)
    }
    await untilGivenUp(() => running.answered >= answers)
    expect(running.answered).toBeGreaterThanOrEqual(answers)
    running.end()
    await settled(server, quiet)
  }
}

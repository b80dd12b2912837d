import { expect } from 'bun:test'
import { type Measured, type Observed, startObserved } from '../../reliability/server.ts'
import { ask, logIn } from '../../reliability/wire.ts'
import type { Flood } from './flood.ts'

const MIB = 1_048_576

/** Milliseconds after which a client would think that the server is down. */
const LONGEST_ANSWER = 2_000

/** Milliseconds until everything has to be back: collected, and given back to the kernel. */
const LONGEST_SETTLING = 15_000

/** Descriptors of others that may have been let go of meanwhile. */
export const SLACK = 16

/** Bytes that a server may keep: what the runtime compiled, and what it holds ready for the next time. */
const KEPT = 48 * MIB

/** Somebody who behaves: puts and reads what was put, and gets the right answers in good time. */
export async function behave(server: Observed, cookie: string): Promise<void> {
  const turn = crypto.randomUUID()
  const startedAt = performance.now()
  const put = await ask(server.url, '/session/put', cookie, { turn })
  expect(put.status).toBe(200)
  const got = await ask(server.url, '/session/get?key=turn', cookie)
  expect(await got.json()).toEqual({ turn })
  expect(performance.now() - startedAt).toBeLessThan(LONGEST_ANSWER)
}

/** Resolves when the server has given back what its guests took, all but so many bytes. */
export async function settled(server: Observed, before: Measured, kept = KEPT): Promise<void> {
  const most = { descriptors: before.descriptors + SLACK, rss: before.rss + kept }
  const isBack = ({ descriptors, rss }: Measured) => descriptors <= most.descriptors && rss <= most.rss
  const latest = performance.now() + LONGEST_SETTLING
  while (!isBack(server.measure()) && performance.now() < latest) await Bun.sleep(20)
  const { descriptors, rss } = server.measure()
  expect(descriptors).toBeLessThanOrEqual(most.descriptors)
  expect(rss).toBeLessThanOrEqual(most.rss)
}

const SETTINGS = 'login = { address-attempts = 20 }'

/** Starts a server, and somebody who behaves; what it takes while nothing else goes on. */
export async function startQuiet(toml = SETTINGS) {
  const server = await startObserved({ toml })
  const cookie = await logIn(server.url)
  for (let i = 0; i < 20; i++) await behave(server, cookie)
  return { server, cookie, quiet: server.measure() }
}

interface Withstanding {
  /** Settings of the server, if not the usual ones. */
  readonly toml?: string
  /** Answers that each flood gets at least: one that the server never heard of would show nothing. */
  readonly answers: number
  /** Bytes that the server may keep of it. */
  readonly kept?: number
  flood(server: Observed): Flood | Promise<Flood>
}

/** Runs a flood three times beside somebody who behaves, and expects everything back that it took, each time. */
export async function withstand({ toml, answers, kept, flood }: Withstanding): Promise<void> {
  const { server, cookie, quiet } = await startQuiet(toml)
  await using _ = server
  for (let round = 0; round < 3; round++) {
    const running = await flood(server)
    for (let i = 0; i < 30; i++) {
      await running.next()
      await behave(server, cookie)
    }
    expect(running.end()).toBeGreaterThanOrEqual(answers)
    await settled(server, quiet, kept)
  }
}

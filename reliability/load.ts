import { between, type Chance } from './chance.ts'
import { ask, logIn, requireStatus } from './wire.ts'

/** How long sessions live in a soak, in milliseconds: short, so that many expire. */
export const IDLE = 3_000
export const LIFETIME = 20_000

/**
 * Milliseconds before its expiry at which an idle session is used again; later could be too late on a busy
 * machine.
 */
const EDGE_MS = 1_500

/** What the clients of a soak share. */
export interface Load {
  readonly url: string
  readonly chance: Chance
  isOver: boolean
  /** How often each kind of request was answered correctly. */
  readonly counts: Map<string, number>
  /** Wrong answers, each as a sentence. */
  readonly wrong: string[]
}

const count = ({ counts }: Load, what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

/**
 * A session and everything its one client has put there. The client knows only the interval in which
 * something happened in the server: between its request and the response.
 */
interface Model {
  readonly cookie: string
  /** When the login was requested, and when it was answered. */
  readonly askedAt: number
  readonly answeredAt: number
  /** When the last accepted use was requested. */
  usedAt: number
  readonly attributes: Map<string, string>
}

/** Milliseconds that a client pauses between two requests. */
const THINKING_MS = [1, 12] as const
const KEYS = 12

/**
 * A client that reads, writes and deletes in its own session and checks each response against what it did
 * before.
 */
export async function useSession(load: Load): Promise<void> {
  while (!load.isOver) {
    const askedAt = Date.now()
    const cookie = await logIn(load.url)
    const model: Model = { cookie, askedAt, answeredAt: Date.now(), usedAt: askedAt, attributes: new Map() }
    count(load, 'logins')
    while (!load.isOver && (await use(load, model))) await Bun.sleep(between(load.chance, ...THINKING_MS))
  }
}

/** Makes one request. Returns false if the session has ended as it should. */
async function use(load: Load, model: Model): Promise<boolean> {
  const askedAt = Date.now()
  const [what, answer] = await (actions[between(load.chance, 0, actions.length - 1)] ?? read)(load, model)
  if (answer.status === 401) {
    const now = Date.now()
    const age = now - model.askedAt
    if (age >= LIFETIME) count(load, 'ends by lifetime')
    // If the machine stood still for seconds, nothing used the session in time.
    else if (now - model.usedAt >= IDLE) count(load, 'ends by idleness')
    else load.wrong.push(`A session in use ended after ${age} ms.`)
    return false
  }
  const age = askedAt - model.answeredAt
  if (age > LIFETIME) load.wrong.push(`A session lived for ${age} ms.`)
  model.usedAt = askedAt
  if (answer.status === 200) count(load, what)
  else load.wrong.push(`${what}: ${answer.status} ${await answer.text()}`)
  return true
}

type Action = (load: Load, model: Model) => Promise<readonly [what: string, answer: Response]>

const write: Action = async ({ url, chance }, { cookie, attributes }) => {
  const pairs: Record<string, string> = {}
  for (let i = between(chance, 1, 4); i > 0; i--) {
    const size = between(chance, 0, 40) === 0 ? 10_000 : between(chance, 0, 200)
    pairs[`key-${between(chance, 1, KEYS)}`] = `${between(chance, 0, 1_000_000)}${'z'.repeat(size)}`
  }
  const answer = await ask(url, '/session/put', cookie, pairs)
  if (answer.status === 200) for (const [key, value] of Object.entries(pairs)) attributes.set(key, value)
  return ['puts', answer]
}

const read: Action = async (load, { cookie, attributes }) => {
  const named = between(load.chance, 0, 1) === 0 ? null : `key-${between(load.chance, 1, KEYS)}`
  const answer = await ask(load.url, named === null ? '/session/get' : `/session/get?key=${named}`, cookie)
  if (answer.status !== 200) return ['reads', answer]
  const expected = [...attributes].filter(([key]) => named === null || key === named)
  const found = await answer.json()
  if (!Bun.deepEquals(found, Object.fromEntries(expected)))
    load.wrong.push(
      `A read answered with keys ${Object.keys(found as object)} or values that were not there.`,
    )
  return ['reads', answer]
}

const remove: Action = async ({ url, chance }, { cookie, attributes }) => {
  const key = `key-${between(chance, 1, KEYS)}`
  const isAll = between(chance, 0, 9) === 0
  const answer = await ask(url, '/session/delete', cookie, isAll ? {} : { key })
  if (answer.status === 200 && isAll) attributes.clear()
  else if (answer.status === 200) attributes.delete(key)
  return ['deletes', answer]
}

const info: Action = async ({ url }, { cookie }) => ['infos', await ask(url, '/session/info', cookie)]

const actions: readonly Action[] = [read, read, read, read, write, write, write, remove, info]

/** A client that logs in, then either logs out or lets the session expire, and checks that it has ended. */
export async function comeAndGo(load: Load, first: number): Promise<void> {
  for (let turn = first; !load.isOver; turn++) {
    const cookie = await logIn(load.url)
    count(load, 'logins')
    const firstAt = Date.now()
    await requireStatus(await ask(load.url, '/session/put', cookie, { a: '1' }), 200)
    // Idle for a while, and still logged in unless it took too long.
    await Bun.sleep(between(load.chance, 0, IDLE - EDGE_MS))
    const again = await ask(load.url, '/session/get', cookie)
    const usedAt = Date.now()
    if (again.status === 401 && usedAt - firstAt >= IDLE) continue
    await requireStatus(again, 200)
    if (turn % 2 === 0) {
      await requireStatus(await ask(load.url, '/session/invalidate', cookie, {}), 200)
      count(load, 'logouts')
      await expectEnded(load, cookie, 'after its logout')
    } else {
      while (!load.isOver && Date.now() <= usedAt + IDLE) await Bun.sleep(50)
      if (load.isOver) return
      await expectEnded(load, cookie, 'longer than it may without use')
      count(load, 'ends by idleness')
    }
    await Bun.sleep(between(load.chance, 100, 400))
  }
}

async function expectEnded(load: Load, cookie: string, when: string): Promise<void> {
  const { status } = await ask(load.url, '/session/get', cookie)
  if (status !== 401) load.wrong.push(`A session lived ${when}: ${status}.`)
}

/** A client that guesses passwords, and is refused. */
export async function guess(load: Load): Promise<void> {
  while (!load.isOver) {
    const form = { z_username: 'mallory', z_password: `guess ${load.chance()}` }
    const { status } = await ask(load.url, '/z_security_check', '', form)
    if (status === 401 || status === 429) count(load, 'guesses refused')
    else load.wrong.push(`A guess was answered with ${status}.`)
    await Bun.sleep(500)
  }
}

import { between, type Chance } from './chance.ts'
import { ask, logIn, requireStatus } from './wire.ts'

/** How long sessions live in a soak, in milliseconds: short, so that many of them end by themselves. */
export const IDLE = 3_000
export const LIFETIME = 20_000

/** What happened at the edge of an end may have happened before it or after it: both answers are right then. */
const EDGE = 1_500

/** What the clients of a soak share. */
export interface Load {
  readonly url: string
  readonly chance: Chance
  isOver: boolean
  /** What was asked and answered as it should be, by what it was. */
  readonly counts: Map<string, number>
  /** Answers that were wrong, each in a sentence. */
  readonly wrong: string[]
}

const count = ({ counts }: Load, what: string) => counts.set(what, (counts.get(what) ?? 0) + 1)

/** A session and everything that its one client has put there. */
interface Model {
  readonly cookie: string
  readonly beganAt: number
  usedAt: number
  readonly attributes: Map<string, string>
}

/** Milliseconds that a client thinks between two requests. */
const THINKING = [1, 12] as const
const KEYS = 12

/** A client that reads, writes and deletes in a session of its own and compares each answer with what it did before. */
export async function useSession(load: Load): Promise<void> {
  while (!load.isOver) {
    const now = Date.now()
    const model: Model = {
      cookie: await logIn(load.url),
      beganAt: now,
      usedAt: now,
      attributes: new Map(),
    }
    count(load, 'logins')
    while (!load.isOver && (await use(load, model))) await Bun.sleep(between(load.chance, ...THINKING))
  }
}

/** One request; false: the session has ended, as it should. */
async function use(load: Load, model: Model): Promise<boolean> {
  const [what, answer] = await (actions[between(load.chance, 0, actions.length - 1)] ?? read)(load, model)
  const now = Date.now()
  if (answer.status === 401) {
    const age = now - model.beganAt
    if (age < LIFETIME - EDGE) load.wrong.push(`A session in use ended after ${age} ms.`)
    else count(load, 'ends by lifetime')
    return false
  }
  if (now - model.beganAt > LIFETIME + EDGE) load.wrong.push('A session lived longer than its lifetime.')
  model.usedAt = now
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

/** A client that logs in, and by turns logs out and leaves the session to end by itself, and sees that it has ended. */
export async function comeAndGo(load: Load, first: number): Promise<void> {
  for (let turn = first; !load.isOver; turn++) {
    const cookie = await logIn(load.url)
    count(load, 'logins')
    await requireStatus(await ask(load.url, '/session/put', cookie, { a: '1' }), 200)
    // Quiet for a while, and still logged in.
    await Bun.sleep(between(load.chance, 0, IDLE - EDGE))
    await requireStatus(await ask(load.url, '/session/get', cookie), 200)
    const usedAt = Date.now()
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

import { between } from './chance.ts'
import { attributesOf, counterOf, type Kept, newKept } from './ledger.ts'
import type { NodeWorld } from './node-world.ts'
import { ask, askToLogIn, cookieIn, requireStatus } from './wire.ts'

/** Milliseconds that a client waits after a failed request. */
const RETRY_PAUSE_MS = 20

/** A program that uses one session after another, and the results of its requests since the round began. */
interface Client {
  kept: Kept | null
  answered: number
  failed: number
}

/** The running clients of a round. */
export interface Working {
  /** Lets each client finish its request. Throws if an answer was wrong. */
  stop(): Promise<Worked>
  /** Resolves when every client that is not done has an answered write. */
  allWrite(): Promise<void>
}

export interface Worked {
  readonly answered: number
  readonly failed: number
  /** Failed requests of the client that had the most. */
  readonly mostFailed: number
  /** The longest time after which a request failed, in milliseconds. */
  readonly slowest: number
}

/** What clients must expect. */
export interface Expecting {
  /** Statuses that mean that no node could answer. All others concern the request and must be right. */
  readonly excused: readonly number[]
  /** Whether a client stops after its first failed request: what is lost then must not be overwritten. */
  readonly halts: boolean
}

type Excused = Expecting['excused']

/** What clients request, and what they remember. */
type Asked = Pick<NodeWorld, 'url' | 'known' | 'chance'>

export function startClients(world: Asked, count: number, { excused, halts }: Expecting): Working {
  const free = world.known.filter(({ end }) => end === 'none').slice(-count)
  const clients = Array.from({ length: count }, (): Client => {
    return { kept: free.pop() ?? null, answered: 0, failed: 0 }
  })
  let [isOver, slowest] = [false, 0]
  let wrong: unknown = null
  const tryStep = async (client: Client) => {
    const askedAt = performance.now()
    try {
      await step(world, client, excused)
    } catch (error) {
      if (error instanceof Unanswered) client.failed++
      else wrong = error
      slowest = Math.max(slowest, performance.now() - askedAt)
      await Bun.sleep(RETRY_PAUSE_MS)
    }
  }
  const goesOn = ({ failed }: Client) => !(halts && failed > 0)
  const work = async (client: Client) => {
    while (!isOver && wrong === null && goesOn(client)) await tryStep(client)
  }
  const working = clients.map(work)
  return {
    async allWrite() {
      const before = clients.map(({ answered }) => answered)
      const isAwaited = (client: Client, i: number) => client.answered === before[i] && goesOn(client)
      while (wrong === null && clients.some(isAwaited)) await Bun.sleep(5)
    },
    async stop() {
      isOver = true
      await Promise.all(working)
      if (wrong !== null) throw wrong
      return {
        answered: clients.reduce((sum, { answered }) => sum + answered, 0),
        failed: clients.reduce((sum, { failed }) => sum + failed, 0),
        mostFailed: Math.max(...clients.map(({ failed }) => failed)),
        slowest: Math.round(slowest),
      }
    },
  }
}

/** A request whose client does not know whether it was done. */
class Unanswered extends Error {
  override readonly name = 'Unanswered'
}

async function step(world: Asked, client: Client, excused: Excused): Promise<void> {
  client.kept ??= await begin(world, excused)
  const { kept } = client
  const what = between(world.chance, 0, 99)
  if (what < 10) return read(world, kept, excused)
  const isEnd = what === 10
  if (isEnd) {
    kept.end = 'sent'
    client.kept = null
    await require200(() => ask(world.url, '/session/invalidate', kept.cookie, {}), excused)
    kept.end = 'answered'
  } else {
    kept.sent++
    const { sent } = kept
    await require200(() => ask(world.url, '/session/put', kept.cookie, attributesOf(sent)), excused)
    kept.answered = sent
  }
  client.answered++
}

async function begin(world: Asked, excused: Excused): Promise<Kept> {
  const kept = newKept(cookieIn(await require200(() => askToLogIn(world.url), excused)))
  world.known.push(kept)
  return kept
}

/** Every node must return what was written. */
async function read(world: Asked, kept: Kept, excused: Excused): Promise<void> {
  const answer = await require200(() => ask(world.url, '/session/get', kept.cookie), excused)
  const counter = counterOf((await answer.json()) as Record<string, string>)
  if (counter === null || counter < kept.answered || counter > kept.sent)
    throw new Error(`A read found ${counter}, and ${kept.answered} of ${kept.sent} puts were answered.`)
}

async function require200(asking: () => Promise<Response>, excused: Excused): Promise<Response> {
  const answer = await asking().catch((cause) => {
    throw new Unanswered('No answer came.', { cause })
  })
  if (answer.status === 503 && answer.headers.get('retry-after') === null)
    throw new Error('A 503 does not say when to try again.')
  if (excused.includes(answer.status)) throw new Unanswered(`Answered ${answer.status}.`)
  await requireStatus(answer, 200)
  return answer
}

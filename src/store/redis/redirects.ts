import { type Backoff, pauseAfter } from '../../wait.ts'
import type { Connection } from './clock.ts'
import { askedFor, ConnectionLost, isDivided, isMoved, isStranded } from './replies.ts'

/** What is known of where keys are. */
export interface Surroundings {
  /** To the node that a key is on, as far as is known. */
  connectionTo(key: string): Promise<Connection>
  /** To the node at `host:port`, whether it is known or not; `:port` is on the host that the key is on. */
  connectionAt(address: string, key: string): Promise<Connection>
  /** Learns anew where a key is. Never rejects. */
  relearn(key: string): Promise<void>
}

/** Between attempts while a slot is on its way. */
const RETRY: Backoff = { first: 10, longest: 100 }

/** Redirections that follow one upon the other without a pause: where it has gone, and from there once more. */
const AT_ONCE = 2

/**
 * Has `work` send to where the key is, and follows it if it is elsewhere, though its slot be on its way meanwhile; nothing
 * is repeated but what Redis says that it has not done. Nothing is sent after `patience` milliseconds: whoever asked may then have
 * been told that it failed, and written something else.
 *
 * A script that is wide is not followed where its slot goes to, but waits for the slot to be in one place.
 */
export async function follow<T>(
  around: Surroundings,
  { key, isWide, patience }: { readonly key: string; readonly isWide: boolean; readonly patience: number },
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const giveUpAt = performance.now() + patience
  const attempt = async (asked: string | null) => {
    const connection = await (asked === null ? around.connectionTo(key) : connectionAsked(around, asked, key))
    if (performance.now() > giveUpAt) throw new ConnectionLost('no connection in time')
    return work(connection)
  }
  let asked: string | null = null
  for (let tries = 0; ; tries++) {
    try {
      return await attempt(asked)
    } catch (error) {
      const next = nextAfter(error, isWide)
      if (next === null) throw error
      asked = next.asked
      if (isMoved(error)) await around.relearn(key)
      const pause = pauseBefore(next, tries)
      if (performance.now() + pause > giveUpAt) throw error
      await Bun.sleep(pause)
    }
  }
}

/** Before the first command goes the word that its slot may still be on its way. It holds for that command alone. */
async function connectionAsked(around: Surroundings, address: string, key: string): Promise<Connection> {
  const { send, clock } = await around.connectionAt(address, key)
  let isSaid = false
  return {
    clock,
    send(args) {
      if (!isSaid) send(['ASKING']).catch(() => {})
      isSaid = true
      return send(args)
    },
  }
}

interface Next {
  /** Where to ask, if it is not where the key is known to be. */
  readonly asked: string | null
  readonly isAtOnce: boolean
}

const pauseBefore = ({ isAtOnce }: Next, tries: number) =>
  isAtOnce && tries < AT_ONCE ? 0 : pauseAfter(tries, RETRY)

/** How it goes on after an error; null: it does not. */
function nextAfter(error: unknown, isWide: boolean): Next | null {
  const address = askedFor(error)
  if (address !== null && !isWide) return { asked: address, isAtOnce: true }
  if (isMoved(error)) return { asked: null, isAtOnce: true }
  const isWaitedFor = address !== null || isDivided(error) || (isWide && isStranded(error))
  return isWaitedFor ? { asked: null, isAtOnce: false } : null
}

import type { Cloakroom } from '../client/cloakroom.js'
import type { SessionEvent } from '../client/types.js'
import { spread } from './spread.ts'

/** Whether the page receives changes. */
export type LiveState = 'connecting' | 'open' | 'lost'

type Message = { readonly event: SessionEvent } | { readonly state: LiveState } | 'who'

/** The changes of this session, as they happen. */
export interface Live {
  /** Calls `hear` for every change until the returned function is called. */
  listen(hear: (event: SessionEvent) => void): () => void
  watchState(hear: (state: LiveState) => void): () => void
}

const NAME = 'cloakroom-live'

/** Milliseconds until a refused stream is requested again: at least this, at most twice this. */
const AGAIN_MS = 5_000

/**
 * Opens one stream of changes for all tabs: browsers keep only six connections to an HTTP/1.1 server, and
 * each stream holds one. The tab that holds the lock has the stream and informs the others; when it closes,
 * the next takes over. On plain http away from this machine browsers have no locks, so each tab has its own
 * stream.
 *
 * If the stream is refused, `isGone` asks the server whether the session has ended.
 */
export function openLive(cloakroom: Cloakroom, isGone: () => Promise<boolean>): Live {
  const events = new Set<(event: SessionEvent) => void>()
  const states = new Set<(state: LiveState) => void>()
  const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(NAME) : null
  let state: LiveState = 'connecting'
  let leads = false
  const hear = (message: Message) => {
    if (message === 'who') {
      if (leads) tabs?.postMessage({ state } satisfies Message)
    } else if ('event' in message) {
      for (const each of events) each(message.event)
    } else if (message.state !== state) {
      state = message.state
      for (const each of states) each(state)
    }
  }
  const tell = (message: Message) => {
    hear(message)
    tabs?.postMessage(message)
  }
  tabs?.addEventListener('message', ({ data }: MessageEvent<Message>) => hear(data))
  tabs?.postMessage('who' satisfies Message)

  const lead = async (isTakenOver: boolean) => {
    leads = true
    if (isTakenOver) tell({ event: { kind: 'missed' } })
    await follow(cloakroom, tell, isGone)
    // The lock is held for as long as the tab exists.
    return new Promise<never>(() => {})
  }
  if ('locks' in navigator) {
    const asked = performance.now()
    // A tab that had to wait takes over from another one, and may have missed changes in between.
    navigator.locks.request(NAME, () => lead(performance.now() - asked > 1_000)).catch(() => lead(false))
  } else {
    void lead(false)
  }
  return {
    listen(listener) {
      events.add(listener)
      return () => events.delete(listener)
    },
    watchState(listener) {
      states.add(listener)
      listener(state)
      return () => states.delete(listener)
    },
  }
}

/**
 * Reports the changes until the session ends. The client reconnects where that helps; a refusal may also be
 * temporary.
 */
async function follow(
  cloakroom: Cloakroom,
  tell: (message: Message) => void,
  isGone: () => Promise<boolean>,
): Promise<void> {
  for (;;) {
    try {
      const onState = (state: LiveState) => tell({ state })
      for await (const event of cloakroom.events({ values: true, onState })) tell({ event })
      return
    } catch {
      tell({ state: 'lost' })
      if (await isGone()) return tell({ event: { kind: 'end', reason: 'expired' } })
    }
    await new Promise((resolve) => setTimeout(resolve, spread(AGAIN_MS, 1)))
  }
}

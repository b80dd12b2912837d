import { spread } from './spread.ts'

/** What was done to this session, as the server tells it. `missed`: something may have been; read again. */
export type LiveEvent =
  | { readonly kind: 'put'; readonly attributes: Readonly<Record<string, string>> }
  | { readonly kind: 'delete'; readonly keys: readonly string[] | 'all' }
  | { readonly kind: 'missed' }
  | { readonly kind: 'end' }

/** Whether the page hears of changes. */
export type LiveState = 'connecting' | 'open' | 'lost'

type Told = { readonly event: LiveEvent } | { readonly state: LiveState } | 'who'

/** The changes of this session, as they happen. */
export interface Live {
  /** Hears of changes until the returned function is called. */
  listen(hear: (event: LiveEvent) => void): () => void
  watchState(hear: (state: LiveState) => void): () => void
}

const EVENTS = '/session/events?values=true'
const NAME = 'cloakroom-live'

/** Milliseconds after which a stream that the server refused is asked for again; up to twice as many. */
const AGAIN = 5_000

/**
 * Opens the stream of changes, one for all tabs: browsers keep only six connections to a server that speaks HTTP/1.1, and a stream takes
 * one for as long as it is open. The tab that holds the lock has the stream and tells the others; when it closes, the next takes over. On
 * plain http away from this machine browsers have no locks: there each tab has its own.
 *
 * `isGone` asks the server whether the session has ended, when the stream is refused.
 */
export function openLive(isGone: () => Promise<boolean>): Live {
  const events = new Set<(event: LiveEvent) => void>()
  const states = new Set<(state: LiveState) => void>()
  const tabs = 'BroadcastChannel' in globalThis ? new BroadcastChannel(NAME) : null
  let state: LiveState = 'connecting'
  let leads = false
  const hear = (told: Told) => {
    if (told === 'who') {
      if (leads) tabs?.postMessage({ state } satisfies Told)
    } else if ('event' in told) {
      for (const each of events) each(told.event)
    } else if (told.state !== state) {
      state = told.state
      for (const each of states) each(state)
    }
  }
  const tell = (told: Told) => {
    hear(told)
    tabs?.postMessage(told)
  }
  tabs?.addEventListener('message', ({ data }: MessageEvent<Told>) => hear(data))
  tabs?.postMessage('who' satisfies Told)

  const lead = (isTakenOver: boolean) => {
    leads = true
    if (isTakenOver) tell({ event: { kind: 'missed' } })
    openStream(tell, isGone)
    // The lock is held for as long as the tab is there.
    return new Promise<never>(() => {})
  }
  if ('locks' in navigator) {
    const asked = performance.now()
    // A tab that had to wait takes over from another one, and may have missed something in between.
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

function openStream(tell: (told: Told) => void, isGone: () => Promise<boolean>): void {
  const stream = new EventSource(EVENTS)
  const pass = <T>(name: string, eventOf: (data: T) => LiveEvent) =>
    stream.addEventListener(name, ({ data }: MessageEvent<string>) =>
      tell({ event: eventOf(JSON.parse(data)) }),
    )
  pass<{ attributes: Record<string, string> }>('put', ({ attributes }) => ({ kind: 'put', attributes }))
  pass<{ keys?: string[] }>('delete', ({ keys }) => ({ kind: 'delete', keys: keys ?? 'all' }))
  pass('missed', () => ({ kind: 'missed' }))
  pass('end', () => ({ kind: 'end' }))
  stream.addEventListener('open', () => tell({ state: 'open' }))
  stream.addEventListener('error', async () => {
    tell({ state: 'lost' })
    // While it is connecting the browser tries again by itself; what the server refused, it does not.
    if (stream.readyState !== EventSource.CLOSED) return
    if (await isGone()) tell({ event: { kind: 'end' } })
    else setTimeout(() => openStream(tell, isGone), spread(AGAIN, 1))
  })
}

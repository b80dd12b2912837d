import { BOUNDS } from './latency.ts'
import { CALLS, type Call, CLASSES, type Event, type Meter, type Snapshot } from './meter.ts'

/** Where the values come from. They are read only when a client scrapes the metrics. */
export interface Sources {
  readonly version: string
  readonly meter: Meter
  /** Passwords that wait to be hashed or verified. */
  hashesWaiting(): number
  /** Session uses that are recorded only in this process so far. */
  usesWaiting(): number
  /** Open event streams. */
  streamsOpen(): number
  /** Log lines dropped since the process started. */
  linesDropped(): number
  /** Checks whether the store responds. Never rejects. */
  readStore(): Promise<StoreReading>
}

/**
 * The store's state and its latest measurement, for all nodes together. Null: not measured, or the store
 * cannot tell.
 */
export interface StoreReading {
  readonly isUp: boolean
  /** Live sessions. */
  readonly sessions: number | null
  readonly bytes: number | null
}

/** The values that the sources returned. */
export interface Reading {
  readonly version: string
  readonly snapshot: Snapshot
  readonly hashesWaiting: number
  readonly usesWaiting: number
  readonly streamsOpen: number
  readonly linesDropped: number
  readonly store: StoreReading
}

export async function readSources(sources: Sources): Promise<Reading> {
  const store = await sources.readStore()
  return {
    version: sources.version,
    snapshot: sources.meter.snapshot(),
    hashesWaiting: sources.hashesWaiting(),
    usesWaiting: sources.usesWaiting(),
    streamsOpen: sources.streamsOpen(),
    linesDropped: sources.linesDropped(),
    store,
  }
}

/** One line of the exposition. */
export interface Sample {
  /** Appended to the family's name: a histogram has three kinds of lines. */
  readonly suffix?: '_bucket' | '_sum' | '_count'
  readonly labels?: Readonly<Record<string, string>>
  readonly value: number
}

/** A Prometheus metric family. */
export interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram'
  readonly help: string
  samples(reading: Reading): readonly Sample[]
}

/** Returns one sample per event, each with its own label value. */
const byEvent =
  (label: string, values: Readonly<Partial<Record<Event, string>>>) =>
  ({ snapshot }: Reading): Sample[] =>
    Object.entries(values).map(([event, value]) => ({
      labels: { [label]: value },
      value: snapshot.events(event as Event),
    }))

const one = (value: number | null): Sample[] => (value === null ? [] : [{ value }])

/** All our metrics, in the base units of Prometheus: seconds and bytes. Counters never decrease. */
export const families: readonly Family[] = [
  {
    name: 'cloakroom_build_info',
    type: 'gauge',
    help: '1, with the version of the program.',
    samples: ({ version }) => [{ labels: { version }, value: 1 }],
  },
  {
    name: 'cloakroom_http_requests_total',
    type: 'counter',
    help: 'Requests that were answered.',
    samples: ({ snapshot }) =>
      CALLS.flatMap((call) =>
        CLASSES.map((status) => ({
          labels: { call, status: `${status}xx` },
          value: snapshot.requests(call, status),
        })),
      ),
  },
  {
    name: 'cloakroom_http_request_duration_seconds',
    type: 'histogram',
    help: 'Time from the head of a request to its answer.',
    samples: ({ snapshot }) => CALLS.flatMap((call) => toBuckets(call, snapshot)),
  },
  {
    name: 'cloakroom_logins_total',
    type: 'counter',
    help: 'Attempts to log in.',
    samples: byEvent('outcome', {
      login: 'succeeded',
      login_failed: 'failed',
      login_throttled: 'throttled',
      login_busy: 'busy',
    }),
  },
  {
    name: 'cloakroom_logouts_total',
    type: 'counter',
    help: 'Sessions that were ended by logging out.',
    samples: ({ snapshot }) => one(snapshot.events('logout')),
  },
  {
    name: 'cloakroom_sessions_revoked_total',
    type: 'counter',
    help: 'Sessions that were ended over HTTP other than by logging out.',
    samples: ({ snapshot }) => one(snapshot.events('revoked')),
  },
  {
    name: 'cloakroom_sessions_displaced_total',
    type: 'counter',
    help: 'Sessions that ended since their user logged in once more than may be.',
    samples: ({ snapshot }) => one(snapshot.events('displaced')),
  },
  {
    name: 'cloakroom_refusals_total',
    type: 'counter',
    help: 'Requests that were refused for a reason worth watching.',
    samples: byEvent('code', {
      csrf_failed: 'csrf_failed',
      cross_site: 'cross_site',
      navigation_refused: 'navigation_refused',
      misdirected_request: 'misdirected_request',
      untrusted_peer: 'untrusted_peer',
      role_missing: 'role_missing',
      wrong_password: 'wrong_password',
    }),
  },
  {
    name: 'cloakroom_internal_errors_total',
    type: 'counter',
    help: 'Failures in the server itself.',
    samples: ({ snapshot }) => one(snapshot.events('internal_error')),
  },
  {
    name: 'cloakroom_store_faults_total',
    type: 'counter',
    help: 'Failures of the store, for a request or in the background.',
    samples: byEvent('code', { store_unavailable: 'store_unavailable', store_full: 'store_full' }),
  },
  {
    name: 'cloakroom_store_up',
    type: 'gauge',
    help: '1 if the store answers, asked for this very scrape; else 0.',
    samples: ({ store }) => one(store.isUp ? 1 : 0),
  },
  {
    name: 'cloakroom_sessions',
    type: 'gauge',
    help: 'Live sessions in the store, of all nodes together, as they were measured last.',
    samples: ({ store }) => one(store.sessions),
  },
  {
    name: 'cloakroom_store_bytes',
    type: 'gauge',
    help: 'Bytes that the store takes for all that it keeps, about, as they were measured last.',
    samples: ({ store }) => one(store.bytes),
  },
  {
    name: 'cloakroom_password_hashes_waiting',
    type: 'gauge',
    help: 'Passwords that wait for their turn to be hashed or verified.',
    samples: ({ hashesWaiting }) => one(hashesWaiting),
  },
  {
    name: 'cloakroom_session_uses_waiting',
    type: 'gauge',
    help: 'Uses of sessions that are noted and not yet written to the store.',
    samples: ({ usesWaiting }) => one(usesWaiting),
  },
  {
    name: 'cloakroom_event_streams',
    type: 'gauge',
    help: 'Streams of events that are open.',
    samples: ({ streamsOpen }) => one(streamsOpen),
  },
  {
    name: 'cloakroom_log_lines_dropped_total',
    type: 'counter',
    help: 'Lines of the log that were dropped, since standard output did not take them in time.',
    samples: ({ linesDropped }) => one(linesDropped),
  },
]

/** Prometheus buckets are cumulative: each also counts all faster requests. */
function toBuckets(call: Call, snapshot: Snapshot): Sample[] {
  let total = 0
  const buckets = Array.from(snapshot.latencies(call), (count, bucket): Sample => {
    total += count
    const bound = BOUNDS[bucket]
    const le = bound === undefined ? '+Inf' : String(bound / 1_000)
    return { suffix: '_bucket', labels: { call, le }, value: total }
  })
  return [
    ...buckets,
    { suffix: '_sum', labels: { call }, value: snapshot.sum(call) / 1_000 },
    { suffix: '_count', labels: { call }, value: total },
  ]
}

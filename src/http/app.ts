import type { Audit } from '../audit.ts'
import type { CountedLog } from '../counted-log.ts'
import type { Hosts } from '../hosts.ts'
import type { Login } from '../login/login.ts'
import type { Users } from '../login/users.ts'
import type { Meter } from '../metrics/meter.ts'
import type { Overview } from '../overview/overview.ts'
import type { Sessions } from '../session/sessions.ts'
import type { Watching } from '../session/watching.ts'
import type { Ask, Reading } from './ask.ts'
import type { OriginSettings } from './origin.ts'
import type { Readiness } from './readiness.ts'
import type { Streams } from './streams.ts'

/** Everything that answering a request can take. */
export interface App extends Reading {
  readonly sessions: Sessions
  readonly users: Users
  readonly login: Login
  readonly watching: Watching
  readonly streams: Streams
  /** Logs and remembers what security is about. There is no other way to log such a thing. */
  readonly audit: Audit
  readonly log: Pick<CountedLog, 'debug' | 'error'>
  readonly meter: Meter
  readonly overview: Overview
  readonly readiness: Readiness
  readonly origin: OriginSettings
  readonly hosts: Hosts
  /** Whether an API call without a login gets the login page, as M/Monit's clients expect. */
  readonly isMMonit: boolean
  readonly returnHosts: readonly string[]
  /** The `Strict-Transport-Security` of every answer; null: none. */
  readonly strictTransport: string | null
  /** Whether a logout by one of our own pages empties the cache and the storage of this origin. */
  readonly clearsSiteData: boolean
  /** Told of what failed after the answer had begun. */
  readonly fault: (fault: unknown) => void
  /** From 0 to 1. */
  random(): number
  /** As of the store: whether a read of a session is over before its client can hang up. */
  readonly readsAtOnce: boolean
  /** Resolves if the store answers. */
  ping(): Promise<void>
}

/** Answers a request, or throws a `Refusal`. */
export type Answer = (ask: Ask, app: App) => Response | Promise<Response>

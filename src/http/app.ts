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

/** Everything that a request handler may need. */
export interface App extends Reading {
  readonly sessions: Sessions
  readonly users: Users
  readonly login: Login
  readonly watching: Watching
  readonly streams: Streams
  /** Logs and stores security events. There is no other way to log one. */
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
  /** The `Strict-Transport-Security` header of every response; null: none. */
  readonly strictTransport: string | null
  /** Whether a logout by one of our own pages clears the cache and storage of this origin. */
  readonly clearsSiteData: boolean
  /** Called for failures after the response has begun. */
  readonly fault: (fault: unknown) => void
  /** From 0 to 1. */
  random(): number
  /** As in the store: whether a session read finishes before its client can hang up. */
  readonly readsAtOnce: boolean
  /** Resolves if the store responds. */
  ping(): Promise<void>
}

/** Answers a request, or throws a `Refusal`. */
export type Answer = (ask: Ask, app: App) => Response | Promise<Response>

import { randomBytes } from 'node:crypto'
import type { Server } from 'bun'
import pkg from '../package.json' with { type: 'json' }
import { Audit } from './audit.ts'
import type { Config } from './config.ts'
import { CountedLog } from './counted-log.ts'
import { drain } from './drain.ts'
import { StoreFault } from './errors.ts'
import { type Announcer, makeFirstAdmin } from './first-admin.ts'
import { httpUrl } from './host-names.ts'
import { Hosts } from './hosts.ts'
import type { App } from './http/app.ts'
import { bodyLimitsOf } from './http/body.ts'
import { BodyRoom } from './http/body-room.ts'
import { newCookie } from './http/cookie.ts'
import { strictTransport } from './http/headers.ts'
import { Proxies } from './http/proxies.ts'
import { Readiness } from './http/readiness.ts'
import { startHttp } from './http/server.ts'
import { Streams } from './http/streams.ts'
import type { Log } from './log.ts'
import { Devices } from './login/devices.ts'
import type { PasswordCost } from './login/hash-threads.ts'
import { Login } from './login/login.ts'
import { Passwords } from './login/passwords.ts'
import { Throttle } from './login/throttle.ts'
import { Users } from './login/users.ts'
import type { Sources } from './metrics/families.ts'
import { Meter } from './metrics/meter.ts'
import { Overview } from './overview/overview.ts'
import { type Clock, newLifetime } from './session/lifetime.ts'
import { Sessions } from './session/sessions.ts'
import { startSweeping } from './session/sweep.ts'
import { Touches } from './session/touches.ts'
import { Watching } from './session/watching.ts'
import { kindOfStore, openStore, shownStore } from './store/open.ts'
import type { Store } from './store/store.ts'
import { untilAnswered } from './wait.ts'

/** How long a pre-login cookie can become the session's cookie. */
const PRE_LOGIN_MS = 10 * 60_000

/**
 * Milliseconds between comments in a stream: proxies close streams that are silent for a minute, and clients
 * notice a lost server within it.
 */
const HEARTBEAT_MS = 20_000

/** Milliseconds that a shutdown waits for connections to close and for requests in flight. */
const MAX_STOP_WAIT_MS = 7_000

/** What a server needs besides its settings. */
export interface Surroundings extends Announcer {
  readonly log: Log
  /** How many log lines were dropped, if lines can be dropped. */
  linesDropped?(): number
  readonly clock: Clock
  /** The cost of a password hash, if not the default. */
  readonly passwordCost?: PasswordCost
  /** Milliseconds between heartbeats of streams, if not the default. */
  readonly heartbeat?: number
  /**
   * Returns a number from 0 to 1 that spreads over time what clients would do at once. Default:
   * `Math.random`.
   */
  readonly random?: () => number
  /** For the first admin; null: a random one. */
  readonly adminPassword: string | null
  /**
   * Called once if only a new process can recover. The server answers what it still can until it is stopped.
   */
  giveUp(): void
}

/** A running server. */
export interface Running {
  readonly port: number
  /** The port where metrics are served; null: none. */
  readonly metricsPort: number | null
  /** Finishes requests in flight, writes what is not yet written, and releases everything. */
  stop(): Promise<void>
}

/** Wires all parts into a running server. Throws a `SetupError` if something outside prevents the start. */
export async function serve(config: Config, surroundings: Surroundings): Promise<Running> {
  const { log, giveUp } = surroundings
  const store = await openStore(config.store, {
    alone: true,
    create: true,
    isServer: true,
    redis: config.redis,
    postgres: config.postgres,
    warn: (sentence) => log.warn({ event: 'store' }, sentence),
    lost(err) {
      log.fatal(
        { event: 'store_lost', err },
        `the store cannot write any more; the server ends: ${err.message}`,
      )
      giveUp()
    },
  })
  try {
    return await start(config, surroundings, store)
  } catch (error) {
    // Reports the first failure, not that of closing a store that already fails.
    await store.close().catch(() => {})
    throw error
  }
}

async function start(config: Config, surroundings: Surroundings, store: Store): Promise<Running> {
  const { log, clock } = surroundings
  const meter = new Meter()
  const lines = new CountedLog(log, clock)
  const fault = (err: unknown) => {
    lines.error({ event: 'fault', err }, 'work in the background failed; it is tried again')
    meter.count(err instanceof StoreFault ? err.code : 'internal_error')
  }
  const limits = {
    keyBytes: config.limits.key,
    valueBytes: config.limits.value,
    attributes: config.limits.attributes,
    sessionBytes: config.limits.session,
    userBytes: config.limits.user,
    // So that each session of a user has its share, whatever the user's other sessions hold.
    shareBytes: Math.floor(config.limits.user / config.perUser),
  }
  const lifetime = newLifetime(config, PRE_LOGIN_MS)
  const touches = new Touches(store, lifetime, clock, fault)
  const readSecret = (name: 'pre-login' | 'device') =>
    untilAnswered(() => store.readSecret(name, randomBytes(32).toString('base64url')))
  const secret = await readSecret('pre-login')
  const deviceSecret = await readSecret('device')
  const audit = new Audit(lines, store, clock, fault)
  const sessions = new Sessions({
    ...{ store, limits, lifetime, touches, clock, secret, fault },
    limit: { perUser: config.perUser, atLimit: config.atLimit },
    displaced({ uname, handles }) {
      meter.count('displaced', handles.length)
      const which = handles.length === 1 ? { handle: handles[0] } : {}
      audit.info(
        { event: 'session_displaced', uname, ...which, ended: handles.length },
        'the sessions not used for longest ended, since their user logged in once more than may be',
      )
    },
  })
  const passwords = new Passwords(config.login['hashes-at-once'], surroundings.passwordCost)
  const users = new Users(store, passwords, clock, config.knownWords)
  const readiness = new Readiness(() => users.hasAdmin())
  const throttle = new Throttle(
    store,
    clock,
    { attempts: config.login['user-attempts'], window: config.login['user-window'] },
    { attempts: config.login['address-attempts'], window: config.login['address-window'] },
  )

  const { events } = config
  const streams = new Streams({
    most: events.streams,
    mostOfSession: events['streams-per-session'],
    heartbeat: surroundings.heartbeat ?? HEARTBEAT_MS,
  })
  const overview = new Overview({
    store,
    kind: kindOfStore(config.store),
    version: pkg.version,
    meter,
    clock,
    fault,
  })

  const isSecure = config.publicUrl?.protocol === 'https:'
  const app: App = {
    sessions,
    users,
    login: new Login({
      users,
      passwords,
      throttle,
      sessions,
      devices: new Devices(deviceSecret, clock),
      keepsTokens: config.login['keep-token'] === 'programs',
    }),
    watching: new Watching({ store, touches, clock, countsAsUse: events['count-as-use'] }),
    streams,
    fault,
    audit,
    log: lines,
    meter,
    overview,
    readiness,
    isMMonit: config.compat === 'mmonit',
    cookie: newCookie({ ...config.cookie, isSecure }),
    origin: { own: config.publicUrl?.origin ?? null, sharesCookie: config.cookie.domain !== null },
    hosts: new Hosts({
      publicHost: config.publicUrl?.hostname ?? null,
      listenHost: config.hostname,
      more: config.hosts,
    }),
    returnHosts: config.returnHosts,
    strictTransport: strictTransport(config.hsts, isSecure),
    clearsSiteData: config.clearSiteData,
    proxies: new Proxies({
      trusted: config.trustedProxies,
      isAlone: config.onlyProxies,
      publicOrigin: config.publicUrl?.origin ?? null,
      warn: (trouble, sentence) => log.warn(trouble, sentence),
    }),
    bodyLimits: bodyLimitsOf(config.limits.body, config.limits.attributes),
    readsAtOnce: store.readsAtOnce,
    bodyRoom: new BodyRoom(config.limits.bodies),
    ping: () => store.ping(),
    random: surroundings.random ?? Math.random,
  }
  const server = startHttp(app, config.hostname, config.port)
  let metrics: Server<undefined> | null = null
  try {
    metrics = await startMetrics(config, fault, {
      version: pkg.version,
      meter,
      hashesWaiting: () => passwords.waiting,
      usesWaiting: () => touches.count,
      streamsOpen: () => streams.count,
      linesDropped: () => surroundings.linesDropped?.() ?? 0,
      async readStore() {
        const { isUp, measure } = await overview.read()
        return { isUp, sessions: measure?.sessions ?? null, bytes: measure?.bytes ?? null }
      },
    })
    // After the ports are open: the password is shown only once.
    await makeFirstAdmin(
      { users, audit, log, readiness, fault, announcer: surroundings },
      surroundings.adminPassword,
    )
  } catch (error) {
    await metrics?.stop(true)
    await server.stop(true)
    throw error
  }
  passwords.prepare()
  overview.start()
  const sweeping = startSweeping(store, lifetime, clock, fault)
  const port = server.port ?? config.port
  const listening = httpUrl(config.hostname, port)
  const url = config.publicUrl?.origin ?? listening
  const metricsPort = metrics?.port ?? null
  if (isSecure && config.trustedProxies.length === 0) {
    log.warn(
      { event: 'no_trusted_proxies' },
      'The public URL is https, so a proxy stands before this server; name it in trusted-proxies, or all users count as one address',
    )
  }
  log.info(
    {
      event: 'start',
      url,
      port,
      host: config.hostname,
      store: shownStore(config.store),
      node: overview.name,
      ...(config.metrics === null || metricsPort === null
        ? {}
        : { metrics: `${httpUrl(config.metrics.hostname, metricsPort)}/metrics` }),
    },
    `Cloakroom listens on ${listening}${url === listening ? '' : ` for ${url}`}`,
  )
  return {
    port,
    metricsPort,
    async stop() {
      const deadline = performance.now() + MAX_STOP_WAIT_MS
      sweeping.stop()
      readiness.stop()
      await drain(port, config.drain, () => readiness.closePort())
      // Clients reconnect, to another node if there is one.
      streams.stop()
      // Finishes requests in flight, but does not wait for clients that never complete theirs.
      await Promise.race([server.stop(), Bun.sleep(deadline - performance.now())])
      await server.stop(true)
      // Before the overview, which it reads.
      await metrics?.stop(true)
      await overview.stop()
      await Promise.all([touches.flush(), audit.stop()])
      await store.close()
      lines.stop()
      log.info({ event: 'stop' }, 'Cloakroom has stopped')
    },
  }
}

/** Loaded only when metrics are on: prom-client is larger than all of our own metrics code. */
async function startMetrics(
  { metrics, hosts }: Config,
  fault: (error: unknown) => void,
  sources: Sources,
): Promise<Server<undefined> | null> {
  if (metrics === null) return null
  const { listenForMetrics } = await import('./metrics/listener.ts')
  return listenForMetrics(sources, { ...metrics, hosts }, fault)
}

import { afterAll, beforeAll } from 'bun:test'
import { chownSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SQL } from 'bun'
import { describeWith } from './installed.ts'
import { freePort } from './port.ts'

/** Debian's folder for the server's programs, which is not on the path. */
const DEBIAN = '/usr/lib/postgresql'

/** The role that owns everything. The server asks it for no password, like all roles but `GUARDED`. */
const OWNER = 'owner'

/** A role that needs its password. */
export const GUARDED = 'guarded'
export const PASSWORD = 'p/ss:w@rd #1?'

const HBA = `
host all ${GUARDED} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
host replication all 127.0.0.1/32 trust
`

/** A real PostgreSQL on a free port of the loopback interface, with everything in its own folder. */
export interface PostgresServer {
  readonly port: number
  /** Returns the URL of a database, for a role that needs no password. */
  url(database: string, role?: string): string
  /** Returns the path of a file in its data folder. */
  file(name: string): string
  /** Creates an empty database and returns its URL. */
  newDatabase(): Promise<string>
  /** Runs statements as the owner. Returns the rows of the last one. */
  run(text: string, url?: string): Promise<readonly (readonly unknown[])[]>
  /**
   * Runs statements in a transaction that stays open, with its locks, until it is released or the block ends.
   */
  hold(url: string, text: string): Promise<Held>
  /** Resolves with these words as soon as a statement in a database waits for a lock. */
  waits(url: string): Promise<'somebody waits'>
  /** Resolves when only idle sessions are connected to a database. */
  settled(url: string): Promise<void>
  /** Sends a signal to the main process. SIGINT stops the server at once and in order. */
  kill(signal: 'SIGINT' | 'SIGQUIT' | 'SIGSTOP' | 'SIGCONT'): Promise<void>
  /** Starts it again on the same port. */
  start(): Promise<void>
}

/** Disposal rolls back. */
export interface Held extends AsyncDisposable {
  commit(): Promise<void>
}

export interface PostgresSettings {
  /** As in postgresql.conf. */
  readonly conf?: Readonly<Record<string, string>>
}

/** Tests with a real PostgreSQL, shared by all of them. */
export function describeWithPostgres(
  says: string,
  { conf = {} }: PostgresSettings,
  tests: (server: PostgresServer) => void,
): void {
  const programs = findPrograms()
  const lack = programs === null ? `there is no postgres on the path or below ${DEBIAN}` : null
  describeWith('PostgreSQL', lack, says, () => {
    // Skipped tests create nothing.
    const folder = lack === null ? newFolder() : ''
    const server = newServer(programs ?? '', folder, conf)
    beforeAll(() => server.make())
    tests(server)
    afterAll(async () => {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    })
  })
}

/** The same with a lifetime chosen by the caller. Disposal stops it and deletes its data. */
export async function startPostgres(
  conf: Readonly<Record<string, string>> = {},
): Promise<PostgresServer & AsyncDisposable> {
  const programs = findPrograms()
  if (programs === null) throw new Error(`There is no postgres on the path or below ${DEBIAN}.`)
  const folder = newFolder()
  const server = newServer(programs, folder, conf)
  await server.make()
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  })
}

function findPrograms(): string | null {
  const onPath = Bun.which('postgres')
  if (onPath !== null) return join(onPath, '..')
  const versions = statSync(DEBIAN, { throwIfNoEntry: false }) ? readdirSync(DEBIAN) : []
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a))
  return newest === undefined ? null : join(DEBIAN, newest, 'bin')
}

/** PostgreSQL does not run as root. */
const USERS = ['postgres', 'nobody']

/**
 * Returns the command that runs another one as a user who may run PostgreSQL, and that ends with this process
 * in any case.
 */
function asUser(): readonly string[] {
  const setpriv = Bun.which('setpriv')
  if (setpriv === null) return []
  const user = process.getuid?.() === 0 ? USERS.find((name) => idsOf(name) !== null) : undefined
  const ids = user === undefined ? [] : [`--reuid=${user}`, `--regid=${idsOf(user)?.[1]}`, '--clear-groups']
  return [setpriv, ...ids, '--pdeathsig', 'SIGINT']
}

function idsOf(user: string): readonly [number, number] | null {
  const { stdout, success } = Bun.spawnSync(['id', '-u', user])
  const group = Bun.spawnSync(['id', '-g', user])
  return success ? [Number(stdout.toString()), Number(group.stdout.toString())] : null
}

interface OwnServer extends PostgresServer {
  make(): Promise<void>
  stop(): Promise<void>
}

function newServer(programs: string, folder: string, conf: Readonly<Record<string, string>>): OwnServer {
  const data = join(folder, 'data')
  let child: Bun.Subprocess | null = null
  let databases = 0
  let port = 0
  const server: OwnServer = {
    get port() {
      return port
    },
    url: (database, role = OWNER) => `postgres://${role}@127.0.0.1:${port}/${database}`,
    file: (name) => join(data, name),
    async newDatabase() {
      const name = `d${++databases}`
      await server.run(`CREATE DATABASE ${name} TEMPLATE template0`)
      return server.url(name)
    },
    async run(text, url = server.url('postgres')) {
      const client = new SQL({ url, max: 1 })
      try {
        const results = await client.unsafe(text).simple().values()
        return (Array.isArray(results[0]?.[0]) ? results.at(-1) : results) as (readonly unknown[])[]
      } finally {
        await client.close()
      }
    },
    async hold(url, text) {
      const client = new SQL({ url, max: 1 })
      await client.unsafe('BEGIN').simple()
      await client.unsafe(text).simple()
      const release = () => client.close({ timeout: 0 })
      return {
        async commit() {
          await client.unsafe('COMMIT').simple()
          await release()
        },
        [Symbol.asyncDispose]: release,
      }
    },
    async waits(url) {
      const waiting = activity(url, `wait_event_type = 'Lock'`)
      while ((await server.run(waiting)).length === 0);
      return 'somebody waits'
    },
    async settled(url) {
      const busy = activity(url, `state <> 'idle'`)
      while ((await server.run(busy)).length > 0);
    },
    async make() {
      mkdirSync(data)
      await runToEnd(['tar', '-C', data, '-xp'], await initialized(programs))
      // Chosen only now, so that nothing else takes it meanwhile.
      port = freePort()
      await server.start()
      await server.run(`CREATE ROLE ${GUARDED} LOGIN PASSWORD '${PASSWORD}'`)
    },
    async start() {
      const all = {
        port: String(port),
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        shared_preload_libraries: 'pg_stat_statements',
        max_connections: '200',
        ...conf,
      }
      child = Bun.spawn(
        [
          ...[...asUser(), join(programs, 'postgres'), '-D', data],
          ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
        ],
        { stdout: 'ignore', stderr: 'pipe' },
      )
      await ready(child)
    },
    async kill(signal) {
      child?.kill(signal)
      if (signal === 'SIGINT' || signal === 'SIGQUIT') await child?.exited
    },
    stop: () => server.kill('SIGINT'),
  }
  return server
}

let initial: Promise<Uint8Array<ArrayBuffer>> | null = null

/**
 * The result of `initdb` as a tar archive, made once for all servers of this process: unpacking it takes a
 * fifth of the time.
 */
function initialized(programs: string): Promise<Uint8Array<ArrayBuffer>> {
  initial ??= (async () => {
    const folder = newFolder()
    try {
      await runToEnd([
        ...[...asUser(), join(programs, 'initdb'), '-D', folder, '-U', OWNER, '-A', 'trust'],
        ...['-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions'],
      ])
      await Bun.write(join(folder, 'pg_hba.conf'), HBA)
      return await new Response(Bun.spawn(['tar', '-C', folder, '-c', '.']).stdout).bytes()
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })()
  return initial
}

/** Creates a folder that belongs to the user who runs PostgreSQL. */
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-postgres-'))
  const ids = process.getuid?.() === 0 ? USERS.map(idsOf).find((each) => each !== null) : undefined
  if (ids !== undefined) chownSync(folder, ...ids)
  return folder
}

const activity = (url: string, condition: string) =>
  `SELECT pid FROM pg_stat_activity WHERE datname = '${new URL(url).pathname.slice(1)}' AND ${condition}`

async function runToEnd(command: readonly string[], input = new Uint8Array()): Promise<void> {
  const child = Bun.spawn([...command], { stdin: input, stdout: 'ignore', stderr: 'pipe' })
  const text = await new Response(child.stderr).text()
  if ((await child.exited) !== 0) throw new Error(`${command.join(' ')}: ${text}`)
}

/** Resolves when the server accepts connections, and goes on reading its output. */
async function ready(child: Bun.Subprocess<'ignore', 'ignore', 'pipe'>): Promise<void> {
  let said = ''
  const isReady = Promise.withResolvers<void>()
  const listening = (async () => {
    const decoder = new TextDecoder()
    for await (const bytes of child.stderr) {
      said += decoder.decode(bytes, { stream: true })
      if (said.includes('ready to accept')) isReady.resolve()
    }
    isReady.reject(new Error(`PostgreSQL has ended: ${said}`))
  })()
  listening.catch(() => {})
  await isReady.promise
}

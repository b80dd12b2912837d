import { chownSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { SQL } from 'bun'
import { freePort } from '../test/support/port.ts'
import { type Child, run, startChild } from './process.ts'

/** Debian's folder for the server's programs, which is not on the path. */
const DEBIAN = '/usr/lib/postgresql'

const OWNER = 'owner'

/** A PostgreSQL server for the bench only. */
export interface Postgres extends Child {
  readonly port: number
  readonly started: string
  /** The URL of its only database. */
  readonly url: string
  /** Runs one statement and returns its rows. */
  ask(text: string): Promise<readonly (readonly unknown[])[]>
}

export const missingPostgres = (): string | null =>
  programs() === null
    ? 'apt-get install postgresql'
    : idsToRunAs() === 'none'
      ? 'a user who is not root'
      : null

/** Starts PostgreSQL with default settings, except for where it listens. */
export async function startPostgres(folder: string): Promise<Postgres> {
  const bin = programs() ?? ''
  const data = join(folder, 'postgres')
  mkdirSync(data, { mode: 0o700 })
  const ids = idsToRunAs()
  if (Array.isArray(ids)) chownSync(data, ...ids)
  const as = Array.isArray(ids) ? ['setpriv', `--reuid=${ids[0]}`, `--regid=${ids[1]}`, '--clear-groups'] : []
  const made = ['-U', OWNER, '-A', 'trust', '-E', 'UTF8', '--no-locale', '--no-sync', '--no-instructions']
  await run([...as, join(bin, 'initdb'), '-D', data, ...made], { cwd: '/' })
  const port = freePort()
  const settings = ['-p', String(port), '-h', '127.0.0.1', '-c', 'unix_socket_directories=']
  // It reports on standard error that it is ready.
  const said = ['sh', '-c', 'exec "$0" "$@" 2>&1']
  const command = [...said, ...as, join(bin, 'postgres'), '-D', data, ...settings]
  // Stops it at once and in order; with SIGTERM it would wait for its clients.
  const child = startChild(command, { cwd: '/', stop: 'SIGINT' })
  await child.said(/ready to accept connections/)
  const url = `postgres://${OWNER}@127.0.0.1:${port}/postgres`
  return {
    ...child,
    port,
    url,
    started: 'postgres -D DATA -p PORT -h 127.0.0.1 (all other settings as initdb leaves them)',
    async ask(text) {
      const client = new SQL({ url, max: 1, tls: false })
      try {
        return await client.unsafe(text).values()
      } finally {
        await client.close()
      }
    },
  }
}

export function versionOfPostgres(): string {
  const bin = programs()
  if (bin === null) return 'none'
  const { stdout } = Bun.spawnSync([join(bin, 'postgres'), '--version'], { stderr: 'ignore' })
  return /[\d.]+/.exec(stdout.toString())?.[0] ?? 'none'
}

/** Returns the folder of the newest installed version. */
function programs(): string | null {
  const onPath = Bun.which('postgres')
  if (onPath !== null) return join(onPath, '..')
  const versions = statSync(DEBIAN, { throwIfNoEntry: false }) ? readdirSync(DEBIAN) : []
  const [newest] = versions.toSorted((a, b) => Number(b) - Number(a))
  return newest === undefined ? null : join(DEBIAN, newest, 'bin')
}

/**
 * PostgreSQL does not run as root. Returns the user and group to run it as, or that it may run as the current
 * user.
 */
function idsToRunAs(): [number, number] | 'self' | 'none' {
  if (process.getuid?.() !== 0) return 'self'
  if (Bun.which('setpriv') === null) return 'none'
  for (const user of ['postgres', 'nobody']) {
    const [uid, gid] = ['-u', '-g'].map((flag) => Bun.spawnSync(['id', flag, user]))
    if (uid?.success && gid?.success) return [Number(uid.stdout), Number(gid.stdout)]
  }
  return 'none'
}

import { join } from 'node:path'
import { freePort } from '../test/support/port.ts'
import { type Child, run, startChild } from './process.ts'

/** A Redis server for the bench only. */
export interface Redis extends Child {
  readonly port: number
  readonly started: string
}

/**
 * Starts Redis. Durable: every write is synced to disk before the reply. Otherwise it keeps nothing on disk,
 * which is the fastest.
 */
export async function startRedis(folder: string, isDurable: boolean): Promise<Redis> {
  const port = freePort()
  const keeping = isDurable
    ? ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']
    : ['--appendonly', 'no', '--save', '']
  const child = startChild(
    ['redis-server', '--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...keeping],
    { cwd: folder },
  )
  await child.said(/Ready to accept connections/)
  const shown = keeping.map((word) => (word === '' ? "''" : word)).join(' ')
  return { ...child, port, started: `redis-server --port PORT ${shown}` }
}

/** Sends commands, each a list of words. Throws unless all succeed. */
export async function sendCommands(
  redis: Redis,
  folder: string,
  commands: Iterable<readonly string[]>,
): Promise<void> {
  const path = join(folder, 'commands')
  const sink = Bun.file(path).writer({ highWaterMark: 1_048_576 })
  for (const words of commands) {
    sink.write(`*${words.length}\r\n`)
    for (const word of words) sink.write(`$${Buffer.byteLength(word)}\r\n${word}\r\n`)
  }
  await sink.end()
  const out = await run(['sh', '-c', 'exec redis-cli -p "$0" --pipe < "$1"', String(redis.port), path])
  if (!out.includes('errors: 0')) throw new Error(`Redis did not take the sessions: ${out}`)
}

/** Sends one command and resolves with the reply as redis-cli prints it. */
export const ask = ({ port }: Redis, ...words: readonly string[]): Promise<string> =>
  run(['redis-cli', '-p', String(port), ...words])

/** Yields the commands that fill it, one per session. */
export function* each(count: number, command: (i: number) => readonly string[]): Iterable<readonly string[]> {
  for (let i = 0; i < count; i++) yield command(i)
}

export const missingRedis = (): string | null =>
  Bun.which('redis-server') === null || Bun.which('redis-cli') === null
    ? 'apt-get install redis-server'
    : null

import { existsSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { testCommand } from './command.ts'
import { startPostgres } from './support/postgres.ts'
import { startRedis } from './support/redis.ts'

/**
 * `npm run test:nodes -- --store redis|postgres` runs the tests of HTTP and of the pages once more, where each server is two nodes that share a database
 * behind nginx, which goes around them; paths of files behind it narrow to those. Exit code 1 if one fails.
 */
const { values, positionals } = parseArgs({
  options: { store: { type: 'string' } },
  allowPositionals: true,
})

/** Files that stay out, each with the reason. */
const FILES: Readonly<Record<string, string>> = {
  'test/http/framing.test.ts':
    'what is between two requests on a connection of the server itself; nginx has its own',
  'test/http/postgres.test.ts': 'starts its nodes and breaks its network itself',
  'test/http/away.test.ts': 'starts its stores and breaks its network itself',
  'test/http/body.test.ts': 'asks no server',
  'test/console/accessible.test.ts': 'looks at what is drawn, which is the same whatever keeps the sessions',
  'test/console/devices.test.ts': 'asks no server',
  'test/console/spread.test.ts': 'asks no server',
}

/** Tests that stay out, by their names, each with the reason. */
const TESTS: Readonly<Record<string, string>> = {
  'every bad request is refused with its own code, changes nothing and leaves the server at work':
    'nginx itself refuses the requests that are no HTTP, with pages of its own',
  'a program that speaks HTTP/1.0, with or without Host, is answered, and the connection closed':
    'to a node nginx speaks HTTP/1.1, which has to name a host, and without one from the client it has none to name',
  'a body of 1 MiB is just read':
    'a node refuses a longer one before it was sent and hangs up, which nginx may see too early and call a 502',
  'many guesses at once are no way around, and are not even hashed':
    'attempts wait for each other on one node: of those at the same moment, every further node tries one more',
}

const stores: Readonly<Record<string, () => Promise<{ url: string } & AsyncDisposable>>> = {
  redis: () => startRedis(['--databases', '1000', '--appendfsync', 'no']),
  async postgres() {
    const server = await startPostgres({ fsync: 'off' })
    return { url: server.url('postgres'), [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
  },
}

const startStore = stores[values.store ?? '']
if (startStore === undefined) {
  process.stderr.write('--store must be redis or postgres.\n')
  process.exit(2)
}

const files = [...new Bun.Glob('test/{http,console}/*.test.ts').scanSync()]
  .filter((path) => !(path in FILES))
  .sort()
const names = Object.keys(TESTS).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
const pattern = names.length === 0 ? '' : `^(?!.*(${names.join('|')}))`

/** Whoever renames a test or a file has to look here. */
const sources = await Promise.all(
  [...new Bun.Glob('test/{http,console}/*.test.ts').scanSync()].map((path) => Bun.file(path).text()),
)
const stale = [
  ...Object.keys(TESTS).filter((name) => !sources.some((source) => source.includes(`'${name}'`))),
  ...Object.keys(FILES).filter((path) => !existsSync(path)),
]
if (stale.length > 0) throw new Error(`These are to stay out and are not there: ${stale.join('; ')}`)

async function run(url: string): Promise<number> {
  const chosen = positionals.length > 0 ? positionals : files
  const command = testCommand('-t', pattern, ...chosen.map((file) => `./${file}`))
  const child = Bun.spawn(command, {
    env: { ...process.env, CLOAKROOM_TEST_STORE: url },
    stdout: 'inherit',
    stderr: 'inherit',
  })
  return child.exited
}

await using store = await startStore()
process.exitCode = await run(store.url)

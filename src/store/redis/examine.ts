import { SetupError } from '../../errors.ts'
import { within } from '../../wait.ts'
import { type Client, connect } from './client.ts'
import { NAMES } from './keys.ts'
import type { LinkOptions } from './link.ts'
import { type Host, type Place, shownHost } from './place.ts'
import { noAnswerIn } from './replies.ts'
import { newScript } from './scripts.ts'
import { RIGHTS, sentenceOf } from './sentences.ts'
import { primaryOf } from './wires.ts'

/** What a server says of itself. */
export interface Findings {
  readonly version: string
  /** Whether it writes down what it is told, and so keeps it when it is killed. */
  readonly isDurable: boolean
  /** Sentences for whoever runs it, about what it may lose. */
  readonly warnings: readonly string[]
}

export interface ExamineOptions extends LinkOptions {
  /** Whether an eviction policy that throws logins away is only warned of. */
  readonly allowEviction: boolean
}

/** Milliseconds for all of it: nobody wants to wait longer to learn that a host is wrong. */
const LONGEST = 4_500

/** Commands with what they are given, as far as rights depend on it: everything that the scripts and the rest of the store do. */
const COMMANDS = [
  ...[
    'HSET',
    'HMGET',
    'HGET',
    'HGETALL',
    'HDEL',
    'HKEYS',
    'HSTRLEN',
    'HEXISTS',
    'HSETNX',
    'HINCRBY',
    'DEL',
    'EXISTS',
    'PEXPIRE',
  ],
  ...[
    'ZADD',
    'ZREM',
    'ZSCORE',
    'ZCOUNT',
    'ZRANGE',
    'ZRANGEBYSCORE',
    'ZREVRANGEBYSCORE',
    'ZRANGEBYLEX',
    'ZREMRANGEBYSCORE',
  ],
  ...['SPUBLISH', 'SSUBSCRIBE', 'SUNSUBSCRIBE', 'PUBSUB SHARDNUMSUB'],
  'TIME',
]

/** The first command that this user may not run on a key, or nothing. The key is none of the script's, so any node of a cluster can say. */
const FORBIDDEN = newScript(
  'reads',
  `
local arguments = {HMGET = 1, HGET = 1, HDEL = 1, HSTRLEN = 1, HEXISTS = 1, ZREM = 1, ZSCORE = 1, PEXPIRE = 1, HSET = 2, HSETNX = 2, HINCRBY = 2, ZADD = 2,
  ZCOUNT = 2, ZRANGE = 2, ZRANGEBYSCORE = 2, ZREVRANGEBYSCORE = 2, ZRANGEBYLEX = 2, ZREMRANGEBYSCORE = 2, SPUBLISH = 1}
for i = 2, #ARGV do
  local command = ARGV[i]
  local words = {}
  for word in string.gmatch(command, '%S+') do table.insert(words, word) end
  table.insert(words, ARGV[1])
  for _ = 1, arguments[command] or 0 do table.insert(words, '0') end
  if not redis.acl_check_cmd(unpack(words)) then return command end
end
return false
`,
)

/**
 * Looks whether the place can be used, and changes nothing. Throws a `SetupError` that says what is wrong and what to do, within five
 * seconds; never with the password.
 */
export async function examine(place: Place, options: ExamineOptions): Promise<Findings> {
  try {
    return await within(LONGEST, examineAll(place, options), () => noAnswerIn(LONGEST))
  } catch (cause) {
    throw cause instanceof SetupError ? cause : new SetupError(sentenceOf(cause, place, null), { cause })
  }
}

async function examineAll(place: Place, options: ExamineOptions): Promise<Findings> {
  const timeout = Math.min(options.timeout, LONGEST)
  if (place.mode === 'single') return examineServer(place, place.hosts[0], options)
  if (place.mode === 'sentinel') return examineServer(place, await primaryOf(place, timeout), options)
  const hosts = await Promise.any(place.hosts.map((host) => nodesOf(place, host, timeout))).catch(
    ({ errors }: AggregateError) => {
      throw errors[0]
    },
  )
  const [first, ...others] = await Promise.all(hosts.map((host) => examineServer(place, host, options)))
  if (first === undefined)
    throw new SetupError(`The cluster ${place.shown} has no nodes with slots. Give it some.`)
  const all = [first, ...others]
  return {
    ...first,
    isDurable: all.every((each) => each.isDurable),
    warnings: [...new Set(all.flatMap((each) => each.warnings))],
  }
}

async function withClient<T>(
  place: Place,
  host: Host,
  timeout: number,
  look: (client: Client) => Promise<T>,
): Promise<T> {
  let client: Client | null = null
  try {
    client = await connect(place, host, timeout, () => {})
    return await look(client)
  } catch (cause) {
    throw cause instanceof SetupError ? cause : new SetupError(sentenceOf(cause, place, host), { cause })
  } finally {
    client?.destroy()
  }
}

/** The nodes of a cluster that keys are on. */
const nodesOf = (place: Place, host: Host, timeout: number) =>
  withClient(place, host, timeout, async (client) => {
    requireMode(await infoOf(client), place, host)
    const ranges = (await client.send(['CLUSTER', 'SLOTS'])) as [number, number, [string, number]][]
    if (ranges.reduce((sum, [from, to]) => sum + to - from + 1, 0) < 16_384) {
      throw new SetupError(
        `The cluster ${place.shown} has slots that no node serves. See: redis-cli --cluster check`,
      )
    }
    const nodes = ranges.map(([, , [address, port]]) =>
      shownHost({ host: address === '' ? host.host : address, port }),
    )
    return [...new Set(nodes)].map((node) => {
      const at = node.lastIndexOf(':')
      return { host: node.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(node.slice(at + 1)) }
    })
  })

type Info = ReadonlyMap<string, string>

async function infoOf(client: Client): Promise<Info> {
  const text = String(await client.send(['INFO']))
  return new Map(
    text.split('\r\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1)]),
  )
}

const examineServer = (place: Place, host: Host, options: ExamineOptions): Promise<Findings> =>
  withClient(place, host, Math.min(options.timeout, LONGEST), async (client) => {
    const info = await infoOf(client)
    const version = info.get('redis_version') ?? '0'
    // Functions of the scripts: flags that let them run without memory, and asking what a user may do.
    if (Number(version.split('.')[0]) < 7) {
      throw new SetupError(
        `Redis at ${shownHost(host)} is of version ${version}; use 7.0 or later, or Valkey.`,
      )
    }
    requireMode(info, place, host)
    if (info.get('role') !== 'master') {
      const primary = `${info.get('master_host')}:${info.get('master_port')}`
      throw new SetupError(
        `Redis at ${shownHost(host)} is a replica. Name its primary, ${primary}, with --store.`,
      )
    }
    await requireRights(client, place, host)
    return { version, isDurable: info.get('aof_enabled') === '1', warnings: warningsOf(info, host, options) }
  })

function requireMode(info: Info, { mode, shown }: Place, host: Host): void {
  const isCluster = info.get('cluster_enabled') === '1'
  if (info.get('redis_mode') === 'sentinel' && mode !== 'sentinel') {
    throw new SetupError(
      `What is at ${shownHost(host)} is a sentinel. Use redis+sentinel://${shownHost(host)}/name.`,
    )
  }
  if (isCluster && mode !== 'cluster') {
    throw new SetupError(
      `Redis at ${shownHost(host)} is a node of a cluster. Use redis+cluster://${shownHost(host)}.`,
    )
  }
  if (!isCluster && mode === 'cluster') {
    throw new SetupError(
      `Redis at ${shownHost(host)} is not in a cluster: use redis:// in place of ${shown.split('//')[0]}//.`,
    )
  }
}

async function requireRights(client: Client, { username }: Place, host: Host): Promise<void> {
  const words = ['EVAL', FORBIDDEN.text, '0', NAMES, ...COMMANDS]
  const forbidden = (await client.send(words)) as string | null
  if (forbidden === null) return
  throw new SetupError(
    `The user ${username ?? 'default'} of Redis at ${shownHost(host)} may not run ${forbidden} on cloakroom:*. ` +
      `Give it ${RIGHTS}.`,
  )
}

/** What evicts keys where memory is short would throw logins away, and users. */
function warningsOf(info: Info, host: Host, { allowEviction }: ExamineOptions): readonly string[] {
  const policy = info.get('maxmemory_policy') ?? 'noeviction'
  if (info.get('maxmemory') === '0' || policy === 'noeviction') return []
  const sentence = `Redis at ${shownHost(host)} throws users and logins away when its memory is full (maxmemory-policy ${policy}).`
  if (!allowEviction) {
    throw new SetupError(
      `${sentence} Set it to noeviction, or say redis.allow-eviction = true if you mean it.`,
    )
  }
  return [sentence]
}

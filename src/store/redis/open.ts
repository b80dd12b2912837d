import { SetupError, StoreFault } from '../../errors.ts'
import type { Store } from '../store.ts'
import { newAttributes } from './attributes.ts'
import { openCluster } from './cluster.ts'
import { newEnds } from './ends.ts'
import { newEvents } from './events.ts'
import { type ExamineOptions, examine } from './examine.ts'
import { ENDING, shardOfName } from './keys.ts'
import { Link } from './link.ts'
import { newLists } from './lists.ts'
import { newNodes } from './nodes.ts'
import { type Place, placeOf } from './place.ts'
import { sentenceOf } from './sentences.ts'
import { newSessions } from './sessions.ts'
import { COUNT } from './shard-scripts.ts'
import { newSweeps } from './sweeps.ts'
import { newUserIndex } from './user-index.ts'
import { newUsers } from './users.ts'
import { newWatches } from './watches.ts'
import { openSingle } from './wires.ts'

export type RedisOptions = ExamineOptions

/**
 * A store on Redis: one server, a cluster, or a primary that sentinels name. Throws a `SetupError` that names what is wrong and the
 * remedy if it cannot be used. `warn` is told what should not stay as it is.
 */
export async function openRedisStore(
  url: string,
  options: RedisOptions,
  warn: (sentence: string) => void,
): Promise<Store> {
  const place = placeOf(url)
  const { warnings } = await examine(place, options)
  for (const sentence of warnings) warn(sentence)
  return open(place, options)
}

/** In one sentence how Redis is, and what is lost when it is killed. Throws a `SetupError` if a server could not start on it. */
export async function checkRedis(url: string, options: RedisOptions): Promise<string> {
  const place = placeOf(url)
  const { version, isDurable, warnings } = await examine(place, options)
  // By the way that a server takes, so that nothing is found well that cannot be served.
  await (await openLink(place, options)).close()
  const kept = isDurable
    ? 'It writes down what it is told (appendonly yes).'
    : 'It does not write down what it is told (appendonly no): when it is killed, users and logins since its last snapshot are lost. Set appendonly yes.'
  return [`${place.shown} answers: Redis ${version}, ${KINDS[place.mode]}.`, kept, ...warnings].join(' ')
}

const KINDS = { single: 'one server', cluster: 'a cluster', sentinel: 'a primary that sentinels watch' }

/** Throws a `SetupError` if a server that has keys does not answer. Of a cluster most are connected to only when they are asked. */
async function openLink(place: Place, options: RedisOptions): Promise<Link> {
  const openWire = place.mode === 'cluster' ? openCluster : openSingle
  let link: Link | null = null
  try {
    link = await Link.open((lost) => openWire(place, options.timeout, lost), options)
    await link.readEach(['PING'])
    return link
  } catch (cause) {
    await link?.close()
    const reason = cause instanceof StoreFault ? (cause.cause ?? cause) : cause
    throw new SetupError(sentenceOf(reason, place, null), { cause })
  }
}

async function open(place: Place, options: RedisOptions): Promise<Store> {
  const link = await openLink(place, options)
  const ends = newEnds(link)
  const { endSession, endSessions } = ends
  const userIndex = newUserIndex(link, ends)
  const { watchSession, closeWatches } = newWatches(link, place, options.timeout)
  return {
    readsAtOnce: false,
    ...newSessions(link, userIndex),
    earliestSessions: userIndex.earliestSessions,
    ...newAttributes(link, userIndex.bytesOfOthers),
    endSession,
    endSessions,
    ...newLists(link),
    ...newSweeps(link, ends),
    ...newUsers(link, ends),
    ...newNodes(link),
    ...newEvents(link),
    async addToCounter(name, by, window, now) {
      const { counters, counterEnds } = shardOfName(name)
      const args = [name, String(by), String(window), String(now)]
      const [count, endsAt] = (await link.write(COUNT, [counters, counterEnds], args)) as [number, number]
      return { count, endsAt }
    },
    // Not PING, which Redis refuses together with writes where its disk is full.
    ping: async () => {
      await link.read(ENDING, ['EXISTS', ENDING])
    },
    watchSession,
    close: async () => {
      closeWatches()
      await link.close()
    },
  }
}

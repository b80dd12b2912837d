import type { Store } from '../store.ts'
import { changeIn, Watches } from '../watches.ts'
import { connect } from './client.ts'
import { Feeds } from './feeds.ts'
import type { Link } from './link.ts'
import type { Place } from './place.ts'
import { leavingIn } from './slots.ts'

/** Watching sessions: scripts publish what they do, in the step in which they do it. */
export function newWatches(
  link: Link,
  place: Place,
  timeout: number,
): Pick<Store, 'watchSession'> & { closeWatches(): void } {
  const feeds = new Feeds({
    timeout,
    connect: (host, lost) => connect(place, host, timeout, lost),
    hostOf: (key) => link.hostOf(key),
    look: (key) => link.read(key, ['EXISTS', key]),
    async leaving() {
      if (place.mode !== 'cluster') return new Set()
      const answers = await link.readEach(['CLUSTER', 'NODES'])
      return new Set(answers.flatMap((nodes) => leavingIn(String(nodes))))
    },
    heard: (id, message) => watches.tell(id, changeIn(message)),
    missed: (id) => watches.tell(id, { kind: 'missed' }),
  })
  const watches = new Watches(feeds)
  return {
    watchSession: (id, tell) => watches.watch(id, tell),
    closeWatches() {
      watches.clear()
      feeds.close()
    },
  }
}

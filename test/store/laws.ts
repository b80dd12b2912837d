import type { Store } from '../../src/store/store.ts'
import { attributeLaws } from './laws/attributes.ts'
import { boundLaws } from './laws/bounds.ts'
import { counterLaws } from './laws/counters.ts'
import { endLaws } from './laws/ends.ts'
import { eventLaws } from './laws/events.ts'
import { keeperLaws } from './laws/keepers.ts'
import { listLaws } from './laws/lists.ts'
import { nodeLaws } from './laws/nodes.ts'
import { raceLaws } from './laws/races.ts'
import { reportLaws } from './laws/reports.ts'
import { restoreLaws } from './laws/restores.ts'
import { revocationLaws } from './laws/revocations.ts'
import { roomLaws } from './laws/rooms.ts'
import { searchLaws } from './laws/searches.ts'
import { sessionLaws } from './laws/sessions.ts'
import { sweepLaws } from './laws/sweeps.ts'
import { touchLaws } from './laws/touches.ts'
import { userByteLaws } from './laws/user-bytes.ts'
import { userLaws } from './laws/users.ts'
import { watchedEndLaws } from './laws/watched-ends.ts'
import { watchLaws } from './laws/watching.ts'

/**
 * Something that `src/store/store.ts` promises, and a check that fails if a store does not keep it. Laws use names and ids of their
 * own, so that one store can be shared by all but those that say otherwise.
 */
export interface Law {
  readonly says: string
  /** `empty`: lists, sweeps or ends all there is, and needs a store that holds nothing else. `own`: closes the store. */
  readonly needs?: 'empty' | 'own'
  /** Whether `other` is to be a second server, which a command line beside the only one is not. */
  readonly among?: 'servers'
  /** Whether it takes long, so that it is asked only about planted faults that no other law notices. */
  readonly isCostly?: true
  /** `other` is a second node on the same back end, or, where there can be but one, the same object. */
  check(store: Store, other: Store): Promise<void>
}

export const laws: readonly Law[] = [
  ...sessionLaws,
  ...touchLaws,
  ...endLaws,
  ...listLaws,
  ...searchLaws,
  ...sweepLaws,
  ...attributeLaws,
  ...boundLaws,
  ...roomLaws,
  ...userByteLaws,
  ...raceLaws,
  ...userLaws,
  ...revocationLaws,
  ...keeperLaws,
  ...counterLaws,
  ...eventLaws,
  ...nodeLaws,
  ...reportLaws,
  ...restoreLaws,
  ...watchLaws,
  ...watchedEndLaws,
]

import { StoreFault } from '../../src/errors.ts'
import { retry } from '../../src/wait.ts'
import { TEST_LIMIT_MS } from '../support/limits.ts'

/** Asks a store that has little time until it answers. Fails if that takes longer than a test may. */
export const untilAnswered = <T>(ask: () => Promise<T>): Promise<T> =>
  retry(ask, {
    millis: TEST_LIMIT_MS,
    backoff: { first: 5, longest: 5 },
    passes: (error) => error instanceof StoreFault,
  })

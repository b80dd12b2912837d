import { TEST_LIMIT_MS } from './support/limits.ts'

/** The command that runs all tests, or those of some files, in two processes. */
export const testCommand = (...args: readonly string[]): string[] => [
  ...[process.execPath, 'test', '--timeout', String(TEST_LIMIT_MS)],
  // Each process loads the sources once, and not again for every file.
  ...['--parallel=2', '--no-isolate', '--max-concurrency', '6'],
  ...args,
]

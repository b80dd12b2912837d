import { describe, test } from 'bun:test'
import { findDaemon } from './daemon.ts'

/** Returns which of these programs are not on the path, as a clause; null: all are there. */
export function lackOf(names: readonly string[]): string | null {
  const missing = names.filter((name) => findDaemon(name) === null)
  return missing.length === 0 ? null : `there is no ${missing.join(' and no ')} on the path`
}

/**
 * Tests that need something to be installed. If it is missing, they are skipped with the reason in their
 * name; with `CI=true` that is a failure. `lack`: why it is missing, as a clause, or null.
 */
export function describeWith(needed: string, lack: string | null, says: string, tests: () => void): void {
  const fail = () => {
    throw new Error(`These tests need ${needed}, and ${lack}.`)
  }
  if (lack === null) describe(says, tests)
  else if (process.env['CI'] === 'true') test(says, fail)
  else describe.skip(`${says} (skipped: ${lack})`, tests)
}

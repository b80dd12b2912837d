import { describe, test } from 'bun:test'
import { findDaemon } from './daemon.ts'

/** Which of these programs are not on the path, in a clause; null: all are there. */
export function lackOf(names: readonly string[]): string | null {
  const missing = names.filter((name) => findDaemon(name) === null)
  return missing.length === 0 ? null : `there is no ${missing.join(' and no ')} on the path`
}

/**
 * Tests that need something to be installed. Where it is not, they are skipped, and the name says why; where everything has to be there
 * (`CI=true`), that is a failure. `lack`: why it cannot be had, in a clause; null if it can.
 */
export function describeWith(needed: string, lack: string | null, says: string, tests: () => void): void {
  const fail = () => {
    throw new Error(`These tests need ${needed}, and ${lack}.`)
  }
  if (lack === null) describe(says, tests)
  else if (process.env['CI'] === 'true') test(says, fail)
  else describe.skip(`${says} (skipped: ${lack})`, tests)
}

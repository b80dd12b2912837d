/**
 * How many times longer than usual a test may take on a slow or busy machine. All time limits that only keep
 * a test from hanging derive from it.
 */
const SLOW = Number(process.env['CLOAKROOM_TEST_SLOW'] ?? 1)

/** Milliseconds that a test may take: many times what it takes on an idle machine. */
export const TEST_LIMIT_MS = 300_000 * SLOW

/**
 * Milliseconds that a program, a browser step or a wait within a test may take, so that the test itself
 * reports what hung.
 */
export const STEP_LIMIT_MS = TEST_LIMIT_MS / 5

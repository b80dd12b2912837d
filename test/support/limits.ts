/**
 * How many times longer than usual a test may take, for a machine that is slow or busy. All limits of time that only keep a test from
 * hanging follow from it.
 */
const SLOW = Number(process.env['CLOAKROOM_TEST_SLOW'] ?? 1)

/** Milliseconds that a test may take, many times what it takes on a machine that has nothing else to do. */
export const TEST_LIMIT_MS = 300_000 * SLOW

/** Milliseconds that a program, a step in a browser or a wait within a test may take, so that the test itself says what hung. */
export const STEP_LIMIT_MS = TEST_LIMIT_MS / 5

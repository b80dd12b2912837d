import { until } from './redis.ts'
import type { TestServer } from './server.ts'

/** Lines of TOML that make a server serve its metrics on a free port. */
export const METRICS = 'metrics = "127.0.0.1:0"\n'

/** Returns where a server serves its metrics, from the log line about its start. */
export function metricsUrl({ log }: Pick<TestServer, 'log'>): string {
  for (const line of log) {
    const { event, metrics } = JSON.parse(line) as { event: string; metrics?: string }
    if (event === 'start' && metrics !== undefined) return metrics
  }
  throw new Error('This server does not tell its metrics.')
}

/** Returns the metrics of a server as text. */
export const metricsText = async (server: TestServer): Promise<string> =>
  (await fetch(metricsUrl(server))).text()

/** Returns the value of every line, such as `cloakroom_logins_total{outcome="failed"}`. */
export const valuesIn = (text: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, line = '', value]) => [line, Number(value)]),
  )

/**
 * Resolves when the metrics show the expected values. Meanwhile the clock moves on, since measurements follow
 * it.
 */
export const untilTold = (
  server: TestServer,
  holds: (values: Record<string, number>) => boolean,
): Promise<void> =>
  until(async () => {
    server.now += 10_000
    return holds(valuesIn(await metricsText(server)))
  })

/** Returns the type of every metric, by name. */
export const typesIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )

/** Returns which counters of a server's metrics change while `work` runs, and by how much. */
export async function countedBy(
  server: TestServer,
  work: () => Promise<unknown>,
): Promise<Record<string, number>> {
  const before = valuesIn(await metricsText(server))
  await work()
  const after = valuesIn(await metricsText(server))
  const changed = Object.entries(after)
    .map(([line, value]) => [line, value - (before[line] ?? 0)] as const)
    .filter(([line, by]) => /^cloakroom_\w+_total\b/.test(line) && by !== 0)
  return Object.fromEntries(changed)
}

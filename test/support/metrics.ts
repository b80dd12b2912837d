import { until } from './redis.ts'
import type { TestServer } from './server.ts'

/** Lines of TOML with which a server tells its metrics, on a free port. */
export const METRICS = 'metrics = "127.0.0.1:0"\n'

/** Where a server tells its metrics: the line of its log that says it has started knows. */
export function metricsUrl({ log }: Pick<TestServer, 'log'>): string {
  for (const line of log) {
    const { event, metrics } = JSON.parse(line) as { event: string; metrics?: string }
    if (event === 'start' && metrics !== undefined) return metrics
  }
  throw new Error('This server does not tell its metrics.')
}

/** The metrics of a server as it tells them. */
export const metricsText = async (server: TestServer): Promise<string> =>
  (await fetch(metricsUrl(server))).text()

/** The value of every line, such as `cloakroom_logins_total{outcome="failed"}`. */
export const valuesIn = (text: string): Record<string, number> =>
  Object.fromEntries(
    [...text.matchAll(/^(\w+(?:\{.*\})?) (\S+)$/gm)].map(([, line = '', value]) => [line, Number(value)]),
  )

/** Resolves when a server tells what is waited for, while its clock goes on: what is measured now and then is measured by that. */
export const untilTold = (
  server: TestServer,
  holds: (values: Record<string, number>) => boolean,
): Promise<void> =>
  until(async () => {
    server.now += 10_000
    return holds(valuesIn(await metricsText(server)))
  })

/** The name of every metric, with its type. */
export const typesIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    [...text.matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name = '', type = '']) => [name, type]),
  )

/** What has changed in the metrics of a server by what is done: those lines that count something, and by how much. */
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

import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import { families, type Reading, readSources, type Sources } from './families.ts'

/**
 * The prom-client process metrics that are correct on Bun. The others are zero, or sizes that only V8 has.
 */
export const PROCESS_METRICS: readonly string[] = [
  'process_cpu_user_seconds_total',
  'process_cpu_system_seconds_total',
  'process_cpu_seconds_total',
  'process_start_time_seconds',
  'process_resident_memory_bytes',
  'process_open_fds',
  'process_max_fds',
  'nodejs_eventloop_lag_seconds',
  'nodejs_eventloop_lag_mean_seconds',
  'nodejs_eventloop_lag_p50_seconds',
  'nodejs_eventloop_lag_p90_seconds',
  'nodejs_eventloop_lag_p99_seconds',
  'nodejs_eventloop_lag_max_seconds',
]

/** Milliseconds between two samples of the event loop's lag. */
const LAG_SAMPLE_MS = 20

/** What a scrape receives. */
export interface Exposition {
  readonly contentType: string
  /** Returns all current values in the Prometheus text format. */
  text(): Promise<string>
}

export function newExposition(sources: Sources): Exposition {
  const registry = new Registry()
  let reading: Reading | null = null
  for (const { name, type, help, samples } of families) {
    const get = async () => ({
      name,
      type,
      help,
      values: (reading === null ? [] : samples(reading)).map(({ suffix = '', labels = {}, value }) => ({
        metricName: name + suffix,
        labels,
        value,
      })),
    })
    // The registry needs only `name` and `get`. The metric classes of prom-client can only count events one
    // by one; our values are already counted.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_SAMPLE_MS })
  for (const { name } of registry.getMetricsAsArray())
    if (!name.startsWith('cloakroom_') && !PROCESS_METRICS.includes(name)) registry.removeSingleMetric(name)
  return {
    contentType: registry.contentType,
    async text() {
      reading = await readSources(sources)
      // Calls every `get` before it awaits anything, so all metrics use this one reading.
      return registry.metrics()
    },
  }
}

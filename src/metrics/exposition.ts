import { collectDefaultMetrics, type Metric, Registry } from 'prom-client'
import { families, type Reading, readSources, type Sources } from './families.ts'

/** Those metrics of a process that prom-client reads right on Bun. The rest are zeros, or sizes that only V8 has. */
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

/** Milliseconds between two looks at how late the event loop is. */
const LAG_PRECISION = 20

/** What is told to whoever asks. */
export interface Exposition {
  readonly contentType: string
  /** Everything as it is now, in the text format of Prometheus. */
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
    // The registry asks a metric for its name and for `get`. Its own kinds of metrics can only be counted up, and a histogram only by one
    // observation after the other; what is counted here is counted already.
    registry.registerMetric({ name, get } as unknown as Metric)
  }
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_PRECISION })
  for (const { name } of registry.getMetricsAsArray())
    if (!name.startsWith('cloakroom_') && !PROCESS_METRICS.includes(name)) registry.removeSingleMetric(name)
  return {
    contentType: registry.contentType,
    async text() {
      reading = await readSources(sources)
      // Asks every metric before it waits for anything, so all of them tell of this one reading.
      return registry.metrics()
    },
  }
}

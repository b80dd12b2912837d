/** @jsxImportSource preact */
import type { Overview, SeriesName } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { Figure } from '../parts/figure.tsx'
import { Layout } from '../parts/layout.tsx'
import { usePolled } from '../parts/polled.ts'
import { type Column, Table } from '../parts/table.tsx'
import { Time } from '../parts/time.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { counted, shownBytes, shownMillis, shownNumber } from '../words.ts'

export interface OverviewData {
  readonly overview: Overview
}

type Node = Overview['nodes'][number]

const columns: readonly Column<Node>[] = [
  { name: 'Node', kind: 'main', cell: ({ name }) => name },
  { name: 'Version', cell: ({ version }) => version },
  { name: 'Started', cell: ({ startedAt }) => <Time at={startedAt} /> },
]

/** The state of the installation now and during the last hour, on all nodes together. */
export function OverviewPage({ overview: given }: OverviewData) {
  const { cloakroom } = useSurroundings()
  const [overview, , trouble] = usePolled(given, () => cloakroom.overview({ background: true }), joined)
  const { store, nodes, series } = overview
  const sum = (name: SeriesName) => series[name].reduce<number>((total, each) => total + (each ?? 0), 0)
  const last = (name: SeriesName) => series[name].findLast((each) => each !== null) ?? null
  const line = (name: SeriesName, label: string) => ({ label, values: series[name] })
  const textOf = (value: number | null, shown: (value: number) => string) =>
    value === null ? '–' : shown(value)
  const numbers = { from: Date.parse(series.from) / 1_000, step: series.step, shown: shownNumber }
  const times = { ...numbers, shown: shownMillis }
  const bytes = { ...numbers, shown: shownBytes }
  return (
    <Layout name="overview">
      <Trouble text={trouble} />
      <p class={store.up ? 'good' : 'bad'} role="status">
        {store.up
          ? `All is well: the store (${store.kind}) is responding, on ${counted(nodes.length, 'node')}.`
          : `The store (${store.kind}) is not responding. Sessions are not lost. Check the server log.`}
      </p>
      <div class="figures">
        <Figure
          {...numbers}
          title="Live sessions"
          value={textOf(store.sessions, shownNumber)}
          lines={[line('sessions', 'sessions')]}
        />
        <Figure
          {...numbers}
          title="Requests per second"
          value={textOf(last('requests'), shownNumber)}
          lines={[line('requests', 'requests')]}
        />
        <Figure
          {...numbers}
          title="Logins, last hour"
          value={shownNumber(sum('logins'))}
          lines={[line('logins', 'logins')]}
        />
        <Figure
          {...numbers}
          title="Failed logins, last hour"
          value={shownNumber(sum('failures'))}
          lines={[line('failures', 'failed')]}
        />
        <Figure
          {...numbers}
          title="Slowed logins, last hour"
          value={shownNumber(sum('throttled'))}
          lines={[line('throttled', 'slowed down')]}
        />
        <Figure
          {...times}
          title="Time per read"
          value={textOf(last('readP50'), shownMillis)}
          lines={[line('readP50', 'median'), line('readP99', 'p99')]}
        />
        <Figure
          {...times}
          title="Time per write"
          value={textOf(last('writeP50'), shownMillis)}
          lines={[line('writeP50', 'median'), line('writeP99', 'p99')]}
        />
        <Figure
          {...bytes}
          title="Size of the store"
          value={textOf(store.bytes, shownBytes)}
          lines={[line('bytes', 'size')]}
        />
      </div>
      <section aria-labelledby="nodes">
        <h2 id="nodes">Nodes</h2>
        <Table label="Nodes" columns={columns} rows={nodes} keyOf={({ name }) => name} />
      </section>
    </Layout>
  )
}

/**
 * Fills steps that a new overview lacks from an earlier one: each response may come from another node, which
 * may have started recently.
 */
function joined(before: Overview, after: Overview): Overview {
  const { from, step, ...curves } = after.series
  const passed = Math.round((Date.parse(from) - Date.parse(before.series.from)) / 1_000 / step)
  const filled = Object.entries(curves).map(([name, values]) => [
    name,
    values.map((value, i) => value ?? before.series[name as SeriesName][i + passed] ?? null),
  ])
  return { ...after, series: { from, step, ...Object.fromEntries(filled) } }
}

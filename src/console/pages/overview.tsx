/** @jsxImportSource preact */
import type { Overview, SeriesName } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { Curve, type Line } from '../parts/curve.tsx'
import { Layout } from '../parts/layout.tsx'
import { usePolled } from '../parts/polled.ts'
import { Time } from '../parts/time.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { counted, shownBytes, shownMillis, shownNumber } from '../words.ts'

export interface OverviewData {
  readonly overview: Overview
}

/** Whether all is well, and how it was during the last hour, on all nodes together. */
export function OverviewPage({ overview: given }: OverviewData) {
  const { cloakroom } = useSurroundings()
  const [overview, , trouble] = usePolled(given, () => cloakroom.overview({ background: true }), joined)
  const { store, nodes, series } = overview
  const line = (name: SeriesName, label: string): Line => ({ label, values: series[name] })
  const sum = (name: SeriesName) => series[name].reduce<number>((total, each) => total + (each ?? 0), 0)
  const last = (name: SeriesName) => series[name].findLast((each) => each !== null) ?? null
  const time = { from: Date.parse(series.from) / 1_000, step: series.step }
  const now = (name: SeriesName, shown: (value: number) => string) => {
    const value = last(name)
    return value === null ? '–' : shown(value)
  }
  return (
    <Layout name="overview">
      <Trouble text={trouble} />
      <p class={store.up ? 'good' : 'bad'} role="status">
        {store.up
          ? `All is well: the store (${store.kind}) answers, on ${counted(nodes.length, 'node')}.`
          : `The store (${store.kind}) does not answer. Nobody is logged out by that; look at the log of the server.`}
      </p>
      <div class="figures">
        <Figure title="Live sessions" value={store.sessions === null ? '–' : shownNumber(store.sessions)}>
          <Curve {...time} lines={[line('sessions', 'sessions')]} shown={shownNumber} />
        </Figure>
        <Figure title="Requests a second" value={now('requests', shownNumber)}>
          <Curve {...time} lines={[line('requests', 'requests')]} shown={shownNumber} />
        </Figure>
        <Figure title="Logins in the last hour" value={shownNumber(sum('logins'))}>
          <Curve {...time} lines={[line('logins', 'logins')]} shown={shownNumber} />
        </Figure>
        <Figure title="Failed logins in the last hour" value={shownNumber(sum('failures'))}>
          <Curve {...time} lines={[line('failures', 'failed')]} shown={shownNumber} />
        </Figure>
        <Figure title="Throttled guesses in the last hour" value={shownNumber(sum('throttled'))}>
          <Curve {...time} lines={[line('throttled', 'throttled')]} shown={shownNumber} />
        </Figure>
        <Figure
          title="Time of a read"
          value={now('readP50', shownMillis)}
          more={`99 of 100 within ${now('readP99', shownMillis)}`}
        >
          <Curve
            {...time}
            lines={[line('readP50', 'half'), line('readP99', '99 of 100')]}
            shown={shownMillis}
          />
        </Figure>
        <Figure
          title="Time of a write"
          value={now('writeP50', shownMillis)}
          more={`99 of 100 within ${now('writeP99', shownMillis)}`}
        >
          <Curve
            {...time}
            lines={[line('writeP50', 'half'), line('writeP99', '99 of 100')]}
            shown={shownMillis}
          />
        </Figure>
        <Figure title="Size of the store" value={store.bytes === null ? '–' : shownBytes(store.bytes)}>
          <Curve {...time} lines={[line('bytes', 'size')]} shown={shownBytes} />
        </Figure>
      </div>
      <section aria-labelledby="nodes">
        <h2 id="nodes">Nodes</h2>
        <ul class="rows">
          {nodes.map(({ name, startedAt, version }) => (
            <li key={name}>
              <div class="facts">
                <strong class="key">{name}</strong>
                <small>
                  Cloakroom {version}, started <Time at={startedAt} />
                </small>
              </div>
            </li>
          ))}
        </ul>
      </section>
    </Layout>
  )
}

/** An overview with what an earlier one knew of steps that it does not know: each answer may be another node's, and of a young one. */
function joined(before: Overview, after: Overview): Overview {
  const { from, step, ...curves } = after.series
  const passed = Math.round((Date.parse(from) - Date.parse(before.series.from)) / 1_000 / step)
  const filled = Object.entries(curves).map(([name, values]) => [
    name,
    values.map((value, i) => value ?? before.series[name as SeriesName][i + passed] ?? null),
  ])
  return { ...after, series: { from, step, ...Object.fromEntries(filled) } }
}

interface FigureProps {
  readonly title: string
  readonly value: string
  readonly more?: string
  readonly children: preact.ComponentChildren
}

/** A number, and how it was. */
const Figure = ({ title, value, more = '', children }: FigureProps) => (
  <section class="figure">
    <h2>{title}</h2>
    <p class="number">{value}</p>
    <small>{more}</small>
    {children}
  </section>
)

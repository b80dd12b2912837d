import { instant } from '../session/shown.ts'
import type { SessionCall } from './endpoint.ts'

/** `admin/overview`. No parameters. Returns what all nodes do, now and in the last hour. */
export async function overview({ app }: SessionCall): Promise<object> {
  const { nodes, kind, isUp, measure, from, step, curves } = await app.overview.read()
  return {
    nodes: nodes.map(({ name, startedAt, version }) => ({ name, startedAt: instant(startedAt), version })),
    store: {
      kind,
      up: isUp,
      bytes: measure?.bytes ?? null,
      sessions: measure?.sessions ?? null,
      measuredAt: measure === null ? null : instant(measure.at),
    },
    series: { from: instant(from), step: step / 1_000, ...curves },
  }
}

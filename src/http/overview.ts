import { instant } from '../session/shown.ts'
import { readAs } from './admin.ts'
import type { App } from './app.ts'
import type { Ask } from './ask.ts'
import { json } from './json.ts'

/** `admin/overview`: what all nodes do, now and in the last hour. */
export async function overview(ask: Ask, app: App): Promise<Response> {
  await readAs(ask, app, [])
  const { nodes, kind, isUp, measure, from, step, curves } = await app.overview.read()
  return json({
    nodes: nodes.map(({ name, startedAt, version }) => ({ name, startedAt: instant(startedAt), version })),
    store: {
      kind,
      up: isUp,
      bytes: measure?.bytes ?? null,
      sessions: measure?.sessions ?? null,
      measuredAt: measure === null ? null : instant(measure.at),
    },
    series: { from: instant(from), step: step / 1_000, ...curves },
  })
}

import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { logIn } from '../support/client.ts'
import { METRICS, metricsText, metricsUrl, typesIn, untilTold, valuesIn } from '../support/metrics.ts'
import { describeWithPrometheus, EXAMPLE, promtool, startPrometheus } from '../support/prometheus.ts'
import { until } from '../support/redis.ts'
import { startServer, type TestServer } from '../support/server.ts'

/** With a store that can tell how large it is, once that was measured. */
async function start(): Promise<TestServer> {
  const server = await startServer({ toml: METRICS, store: 'sqlite' })
  await untilTold(server, (values) => values['cloakroom_store_bytes'] !== undefined)
  return server
}

interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string }[]
}

const { panels } = JSON.parse(readFileSync(join(EXAMPLE, 'dashboard.json'), 'utf8')) as {
  panels: readonly Panel[]
}
const alerts = readFileSync(join(EXAMPLE, 'alerts.yml'), 'utf8')

/** What the dashboard asks for, with its variables as Grafana would fill them in. */
const asked = panels
  .flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))
  .map((expr) =>
    expr.replaceAll('$__rate_interval', '1m').replaceAll('$job', '.+').replaceAll('$instance', '.+'),
  )

/** Every metric that a text names, with what it asks of its labels. */
const selectorsIn = (text: string) =>
  [...text.matchAll(/\b((?:cloakroom|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)].map(
    ([, name = '', labels = '']) => ({
      name,
      matchers: [...labels.matchAll(/(\w+)(?:=~?|!~|!=)"([^"]*)"/g)].map(([, label = '', value = '']) => ({
        label,
        values: value.split('|'),
      })),
    }),
  )

/** Labels that Prometheus adds. */
const ADDED = ['job', 'instance']

test('what the dashboard and the alerts ask for is told, down to each label and its values', async () => {
  await using server = await start()
  const lines = Object.keys(valuesIn(await metricsText(server)))
  const selectors = selectorsIn([...asked, alerts].join('\n'))
  expect(selectors.length).toBeGreaterThan(30)
  for (const { name, matchers } of selectors) {
    const own = lines.filter((line) => line === name || line.startsWith(`${name}{`))
    expect({ name, isTold: own.length > 0 }).toEqual({ name, isTold: true })
    for (const { label, values } of matchers.filter(({ label }) => !ADDED.includes(label)))
      for (const value of values)
        expect(
          own.some((line) => line.includes(`${label}="${value}"`)) || `${name}: ${label}="${value}"`,
        ).toBe(true)
  }
})

test('the dashboard shows every metric of ours', async () => {
  await using server = await start()
  const shown = selectorsIn(asked.join('\n')).map(({ name }) => name.replace(/_bucket$/, ''))
  const ours = Object.keys(typesIn(await metricsText(server))).filter((name) => name.startsWith('cloakroom_'))
  expect(ours.filter((name) => !shown.includes(name))).toEqual([])
})

test('no two panels of the dashboard are one, or in one place', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length)
  const titles = panels.filter(({ type }) => type !== 'row').map(({ title }) => title)
  expect(new Set(titles).size).toBe(titles.length)
  const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
    Array.from({ length: w * h }, (_, i) => `${x + (i % w)} ${y + Math.floor(i / w)}`),
  )
  expect(new Set(cells).size).toBe(cells.length)
  for (const { title, gridPos } of panels)
    expect({ title, fits: gridPos.x + gridPos.w <= 24 }).toEqual({ title, fits: true })
})

describeWithPrometheus('Prometheus', () => {
  test('finds nothing wrong with the metrics', async () => {
    await using server = await start()
    const text = await metricsText(server)
    expect(await promtool(['check', 'metrics'], text)).toEqual({ code: 0, said: '' })
    expect((await promtool(['check', 'metrics'], text.replaceAll('_total', '_count'))).code).not.toBe(0)
  })

  test('takes the configuration and the alerts of the example, which do what they say', async () => {
    expect(await promtool(['check', 'config', join(EXAMPLE, 'prometheus.yml')])).toMatchObject({ code: 0 })
    const { code, said } = await promtool(['test', 'rules', 'test/fixtures/alerts.test.yml'])
    expect(said).toContain('SUCCESS')
    expect(code).toBe(0)
  })

  test('scrapes a server, knows the alerts, and answers all that the dashboard asks', async () => {
    await using server = await start()
    const client = await logIn(server)
    await client.json('/session/put', { a: '1' })
    await using prometheus = await startPrometheus(new URL(metricsUrl(server)).host)
    const numberOf = async (expression: string) => Number((await prometheus.query(expression))[0]?.value[1])
    await until(async () => (await numberOf('cloakroom_logins_total{outcome="succeeded"}')) === 1)
    expect(await numberOf('up{job="cloakroom"}')).toBe(1)
    expect(await numberOf('cloakroom_store_up')).toBe(1)

    await client.json('/session/get')
    await until(async () => (await numberOf('cloakroom_http_requests_total{call="read",status="2xx"}')) === 1)
    const empty = async (expression: string) => (await prometheus.query(expression)).length === 0
    for (const expression of asked) await until(async () => !(await empty(expression)))
    // One read, in a bucket that is not the last.
    const p99 = asked.find((expression) => expression.includes('0.99') && expression.includes('call="read"'))
    await until(async () => (await numberOf(p99 ?? '')) > 0)
    expect(await numberOf(p99 ?? '')).toBeLessThan(10)

    const known = [...alerts.matchAll(/- alert: (\w+)/g)].map(([, name = '']) => name)
    expect(known.length).toBeGreaterThan(5)
    expect((await prometheus.alerts()).toSorted()).toEqual(known.toSorted())
  })
})

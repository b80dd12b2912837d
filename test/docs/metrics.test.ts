import { expect, test } from 'bun:test'
import { CALLS } from '../../src/metrics/meter.ts'
import { METRICS, metricsText, typesIn, valuesIn } from '../support/metrics.ts'
import { startServer } from '../support/server.ts'
import { read } from './markdown.ts'

const [, section = ''] = /\n## Metrics\n([\s\S]*?)\n## /.exec(read('docs/operating.md')) ?? []

const rows = [...section.matchAll(/^\| `(\w+)` \| (counter|gauge|histogram) \|(.*?)\| .+ \|$/gm)].map(
  ([, name = '', type = '', labels = '']) => ({ name, type, labels: labels.match(/\w+/g) ?? [] }),
)

const text = async () => {
  await using server = await startServer({ toml: METRICS, store: 'memory:', nodes: 1 })
  return await metricsText(server)
}

test('the guide has every metric that is told, of its type, and no other', async () => {
  const told = typesIn(await text())
  expect(rows.map(({ name, type }) => `${name} ${type}`).sort()).toEqual(
    Object.entries(told)
      .map(([name, type]) => `${name} ${type}`)
      .sort(),
  )
})

test('the guide has the labels of every metric, and no other', async () => {
  const lines = Object.keys(valuesIn(await text()))
  for (const { name, labels } of rows) {
    const found = lines
      .filter(
        (line) =>
          line.replace(/\{.*/, '').replace(/_(bucket|sum|count)$/, '') === name ||
          line.startsWith(`${name}{`),
      )
      .flatMap((line) => [...line.matchAll(/(\w+)="/g)].map(([, label = '']) => label))
    expect({ name, labels: [...new Set(found)].sort() }).toEqual({ name, labels: labels.toSorted() })
  }
})

test('the guide says what every value of every label of ours is', async () => {
  const values = Object.keys(valuesIn(await text())).flatMap((line) =>
    [...line.matchAll(/(call|outcome|code|status)="(\w+)"/g)].map(([, , value = '']) => value),
  )
  expect([...new Set(values)].filter((value) => !section.includes(`\`${value}\``))).toEqual([])
  const calls = [...section.matchAll(/^\| `(\w+)` \| [^|]+ \|$/gm)].map(([, call]) => call)
  expect(calls).toEqual(['call', ...CALLS])
})

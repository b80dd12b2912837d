import { expect, test } from 'bun:test'
import pkg from '../../package.json' with { type: 'json' }
import { METRICS, metricsUrl, valuesIn } from '../support/metrics.ts'
import { startServer } from '../support/server.ts'

const start = (toml = METRICS) => startServer({ toml, store: 'memory:', nodes: 1 })

test('metrics are told by a listener of its own, as Prometheus wants them', async () => {
  await using server = await start()
  const answer = await fetch(metricsUrl(server))
  expect(answer.status).toBe(200)
  expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
  expect(answer.headers.get('cache-control')).toBe('no-store')
  expect(valuesIn(await answer.text())).toHaveProperty([`cloakroom_build_info{version="${pkg.version}"}`], 1)
  expect(new URL(metricsUrl(server)).port).not.toBe(String(server.port))
})

test('it answers nothing else, and the server tells no metrics where people log in', async () => {
  await using server = await start()
  const { origin } = new URL(metricsUrl(server))
  for (const path of ['/', '/metrics/', '/metrics/x', '/session/get', '/healthz', '/admin/users/list'])
    expect({ path, status: (await fetch(origin + path)).status }).toEqual({ path, status: 404 })
  for (const method of ['POST', 'PUT', 'DELETE']) {
    const answer = await fetch(metricsUrl(server), { method })
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
  }
  const head = await fetch(metricsUrl(server), { method: 'HEAD' })
  expect([head.status, await head.text()]).toEqual([200, ''])
  expect((await fetch(`${server.url}/metrics`)).status).toBe(404)
})

test('without the setting nobody is told', async () => {
  await using server = await start('')
  expect(() => metricsUrl(server)).toThrow('does not tell')
})

test('the listener ends with the server', async () => {
  let url: string
  {
    await using server = await start()
    url = metricsUrl(server)
    expect((await fetch(url)).status).toBe(200)
  }
  await expect(fetch(url)).rejects.toThrow()
})

test('many scrapes at once are each whole', async () => {
  await using server = await start()
  const texts = await Promise.all(
    Array.from({ length: 20 }, async () => {
      await fetch(`${server.url}/healthz`)
      return (await fetch(metricsUrl(server))).text()
    }),
  )
  const name = 'cloakroom_http_request_duration_seconds'
  for (const values of texts.map(valuesIn)) {
    const count = values[`${name}_count{call="health"}`]
    expect(count).toBeGreaterThan(0)
    expect(values[`${name}_bucket{call="health",le="+Inf"}`]).toBe(count as number)
    expect(values['cloakroom_http_requests_total{call="health",status="2xx"}']).toBe(count as number)
  }
})

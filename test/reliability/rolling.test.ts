import { expect, test } from 'bun:test'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ANSWERED_BY, PROXY_ADDRESS, startNginx } from '../support/nginx.ts'
import { freePort } from '../support/port.ts'
import { openPlace } from '../support/process.ts'
import { describeWithRedis, startRedis } from '../support/redis.ts'
import { ADMIN_PASSWORD } from '../support/server.ts'

/** Clients that ask at once, one request after the other. */
const CLIENTS = 8

describeWithRedis('two nodes on Redis behind nginx', () => {
  test('are stopped and started one after the other, and no client sees anything of it', async () => {
    await using redis = await startRedis()
    await using place = openPlace()
    const ports = [freePort(), freePort()]
    // On a busy machine a connection of the proxy may be idle for longer than a second.
    const settings = `trusted-proxies = ["${PROXY_ADDRESS}"]\ndrain = "4s"\n`
    writeFileSync(join(place.folder, 'settings.toml'), settings)
    const start = (port: number) =>
      place.serve(['--store', redis.url, '--port', String(port), '--config', 'settings.toml'])
    const nodes = await Promise.all(ports.map(start))
    await using nginx = await startNginx(ports)
    const { cookie } = (await nodes[0]?.logIn('admin', ADMIN_PASSWORD)) ?? { cookie: '' }

    let isOver = false
    const statuses = new Map<number, number>()
    let answeredBy = new Set<string>()
    const clients = Array.from({ length: CLIENTS }, async (_, i) => {
      for (let n = 0; !isOver; n++) {
        const isWrite = n % 2 === 0
        const { status, headers } = await fetch(
          `http://127.0.0.1:${nginx.port}/session/${isWrite ? 'put' : 'get'}`,
          {
            headers: { cookie },
            ...(isWrite ? { method: 'POST', body: new URLSearchParams({ [`key-${i}`]: String(n) }) } : {}),
          },
        )
        answeredBy.add(headers.get(ANSWERED_BY) ?? '')
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
      }
    })
    for (const [i, port] of ports.entries()) {
      nodes[i]?.kill('SIGTERM')
      expect((await nodes[i]?.ended)?.code).toBe(0)
      nodes[i] = await start(port)
      // nginx has left it out meanwhile. Whoever stops the next node first waits until it has it back.
      answeredBy = new Set()
      while (!answeredBy.has(`127.0.0.1:${port}`)) await Bun.sleep(5)
    }
    isOver = true
    await Promise.all(clients)
    expect([...statuses.keys()]).toEqual([200])
  })
})

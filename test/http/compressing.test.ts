import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { compressing, startCompressing } from '../support/compressing.ts'
import { watch } from '../support/events.ts'
import { describeWith, lackOf } from '../support/installed.ts'
import { startServer } from '../support/server.ts'

/** Long enough for every proxy to think that compressing is worth it. */
const LONG = 'long '.repeat(1_000)

for (const name of Object.keys(compressing) as (keyof typeof compressing)[]) {
  describeWith(name, lackOf([name]), `behind ${name} that compresses`, () => {
    test('an ETag is good for 304 and for compare-and-set', async () => {
      await using server = await startServer({ store: 'memory:' })
      await using proxy = await startCompressing(name, server.port)
      const client = await logIn({ url: `http://127.0.0.1:${proxy.port}` })
      await client.json('/session/put', { LONG })
      const read = await client.ask('/session/get')
      expect(await read.json()).toEqual({ LONG })
      expect(read.headers.get('content-encoding')).toMatch(/^(gzip|zstd)$/)
      const etag = read.headers.get('etag') ?? ''

      const again = await client.ask('/session/get', null, { 'if-none-match': etag })
      expect([again.status, await again.text()]).toEqual([304, ''])
      expect((await client.ask('/session/put', { a: '1' }, { 'if-match': etag })).status).toBe(200)
      expect((await client.ask('/session/put', { a: '2' }, { 'if-match': etag })).status).toBe(412)
      expect((await client.ask('/session/delete', { key: 'a' }, { 'if-match': etag })).status).toBe(412)
      expect((await client.ask('/session/get', null, { 'if-none-match': etag })).status).toBe(200)
      expect(await client.json('/session/get?key=a')).toEqual({ a: '1' })
    })

    test('each event comes at once, and not with the next heartbeat', async () => {
      // Nothing else is sent that could push an event out of a buffer.
      await using server = await startServer({ store: 'memory:', heartbeat: 3_600_000 })
      await using proxy = await startCompressing(name, server.port)
      const client = await logIn({ url: `http://127.0.0.1:${proxy.port}` })
      await using stream = await watch(client)
      await stream.until(() => stream.text.includes(': open'))
      for (const n of [1, 2, 3]) {
        await client.json('/session/put', { [`key${n}`]: LONG })
        const events = await stream.count(n)
        expect(events.at(-1)?.data).toEqual({ keys: [`key${n}`] })
      }
    })
  })
}

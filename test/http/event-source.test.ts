import { expect, test } from 'bun:test'
import type { Page } from 'playwright-core'
import { describeWithBrowser, logInByForm } from '../support/browser.ts'
import { startProxy } from '../support/proxy.ts'
import { startServer } from '../support/server.ts'

/** What a page has been told: each event with the version in its id as the browser knows it, and what became of its connection. */
type Seen = readonly string[]

/** Has the page watch the session, as a program of ours would write it. */
const watchIn = (page: Page) =>
  page.evaluate(async () => {
    const seen: string[] = []
    Object.assign(globalThis, { seen })
    const source = new EventSource('/session/events?values=true')
    for (const name of ['put', 'delete', 'missed', 'end'])
      source.addEventListener(name, ({ data, lastEventId }) =>
        seen.push(`${name} ${lastEventId.split('.')[1]} ${data}`),
      )
    source.onerror = () => seen.push(source.readyState === EventSource.CLOSED ? 'gave up' : 'connects again')
    await new Promise((resolve) => {
      source.onopen = resolve
    })
  })

const seenBy = (page: Page) => page.evaluate(() => (globalThis as unknown as { seen: Seen }).seen)

/** What the page has seen, as soon as there is so much of it. */
async function countSeen(page: Page, count: number): Promise<Seen> {
  await page.waitForFunction((n) => (globalThis as unknown as { seen: Seen }).seen.length >= n, count)
  return seenBy(page)
}

const ask = (page: Page, path: string) =>
  page.evaluate(async (path) => {
    const { CSRFToken } = await (await fetch('/session/get?key=CSRFToken')).json()
    return (await fetch(path, { method: 'POST', headers: { CSRFToken } })).status
  }, path)

describeWithBrowser('EventSource in a browser', (open) => {
  test('shows what is done, connects again when it is cut off and hears that it missed something, and gives up after the end', async () => {
    await using server = await startServer()
    await using network = startProxy(server.port)
    const url = `http://127.0.0.1:${network.port}`
    await using context = await open({ bypassCSP: true })
    const writer = await logInByForm(context, server)
    const page = await context.newPage()
    // The cookie is that of the host, whatever its port. A page of the API, whose policy the context bypasses.
    for (const [each, at] of [
      [writer, server.url],
      [page, url],
    ] as const)
      await each.goto(`${at}/session/info`)
    await watchIn(page)
    expect(await ask(writer, '/session/put?a=1')).toBe(200)
    expect(await ask(writer, '/session/delete?key=a')).toBe(200)
    const told = ['put 2 {"attributes":{"a":"1"}}', 'delete 3 {"keys":["a"]}']
    expect(await countSeen(page, 2)).toEqual(told)

    network.mood = 'reset'
    network.cut()
    expect(await countSeen(page, 3)).toEqual([...told, 'connects again'])
    expect(await ask(writer, '/session/put?b=2')).toBe(200)
    network.mood = 'well'
    await page.waitForFunction(() =>
      (globalThis as unknown as { seen: Seen }).seen.some((each) => each.startsWith('missed')),
    )
    expect((await seenBy(page)).filter((each) => each !== 'connects again')).toEqual([...told, 'missed 4 {}'])

    expect(await ask(writer, '/session/invalidate')).toBe(200)
    await page.waitForFunction(() => (globalThis as unknown as { seen: Seen }).seen.includes('gave up'))
    const after = (await seenBy(page)).filter((each) => each !== 'connects again')
    expect(after.slice(3)).toEqual(['end 4 {"reason":"logout"}', 'gave up'])
  })
})

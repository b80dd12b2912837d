import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { describeWithBrowser, logInByForm, type OpenContext } from '../support/browser.ts'
import { startServer, type TestServer } from '../support/server.ts'
import { blocksIn } from './markdown.ts'

const jQuery = readFileSync(createRequire(import.meta.url).resolve('jquery'), 'utf8')

const blocks = blocksIn('js')
const isJQuery = (content: string) => content.startsWith('$.')
const withFetch = blocks.filter(({ content }) => !isJQuery(content))
const withJQuery = blocks.filter(({ content }) => isJQuery(content))

/** A page of an application that shares the origin with the server, as behind a proxy, for somebody who has logged in. */
async function openApplication(open: OpenContext, server: TestServer, html: string) {
  const context = await open()
  const page = await logInByForm(context, server)
  await context.route(`${server.url}/app`, (route) =>
    route.fulfill({ contentType: 'text/html', body: `<!doctype html><title>An application</title>${html}` }),
  )
  const said: string[] = []
  page.on('console', (message) => said.push(message.text()))
  page.on('pageerror', (error) => said.push(String(error)))
  await page.goto(`${server.url}/app`, { waitUntil: 'networkidle' })
  return { context, page, said }
}

describeWithBrowser('the scripts in the guides', (open) => {
  for (const { path, line, content } of withFetch) {
    test(`${path}:${line} says in the console what it says that it does`, async () => {
      await using server = await startServer({ timePasses: true })
      const { context, said } = await openApplication(
        open,
        server,
        `<script type="module">${content}</script>`,
      )
      await using _ = context
      const [, expected] = /console\.log\(.*\) \/\/ (.*)$/m.exec(content) ?? []
      expect(said).toEqual([expected ?? 'A script in the guides ends with console.log(…) // what it prints'])
    })
  }

  for (const { path, line, content } of withJQuery) {
    test(`${path}:${line} gives every later POST of the page the CSRF token`, async () => {
      await using server = await startServer({ timePasses: true })
      const html = `<script>${jQuery}</script><script>${content}</script>`
      const { context, page } = await openApplication(open, server, html)
      await using _ = context
      expect(await page.evaluate("$.post('/session/put', { theme: 'dark' })")).toEqual({})
      expect(await page.evaluate("$.getJSON('/session/get')")).toEqual({ theme: 'dark' })
    })
  }

  test('a page that sends no CSRF token changes nothing', async () => {
    await using server = await startServer({ timePasses: true })
    const { context, page } = await openApplication(open, server, '')
    await using _ = context
    const put = "fetch('/session/put', { method: 'POST', body: new URLSearchParams({ theme: 'dark' }) })"
    expect(await page.evaluate(`${put}.then(({ status }) => status)`)).toBe(403)
    expect(await page.evaluate("fetch('/session/get').then((answer) => answer.json())")).toEqual({})
  })
})

test('the guides have a script with fetch and one with jQuery', () => {
  expect([withFetch.length > 0, withJQuery.length > 0]).toEqual([true, true])
})

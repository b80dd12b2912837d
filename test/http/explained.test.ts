import { expect, test } from 'bun:test'
import { logIn } from '../support/client.ts'
import { startServer } from '../support/server.ts'

const detailOf = async (answer: Response) => ((await answer.json()) as { detail: string }).detail

test('a request of another site is told which origin the browser named, which is ours, and what to set', async () => {
  await using server = await startServer({ store: 'memory:' })
  await using secure = await startServer({ store: 'memory:', publicUrl: 'https://login.example.com' })
  const cases: readonly (readonly [Record<string, string>, readonly string[]])[] = [
    [
      { origin: 'http://localhost:3000' },
      ['Origin: http://localhost:3000', 'public-url = "http://localhost:3000"', 'Host'],
    ],
    [
      { origin: 'http://localhost:3000', 'sec-fetch-site': 'same-site' },
      ['Origin: http://localhost:3000, Sec-Fetch-Site: same-site'],
    ],
    [{ origin: 'null' }, ['Origin: null', 'Send it from a page of that origin.']],
    [{ 'sec-fetch-site': 'cross-site' }, ['Sec-Fetch-Site: cross-site']],
    [
      { referer: 'http://evil.example/a?secret=1' },
      ['Referer: http://evil.example/…', 'public-url = "http://evil.example"'],
    ],
  ]
  for (const { url, own } of [
    { url: server.url, own: server.url },
    { url: secure.url, own: 'https://login.example.com' },
  ]) {
    for (const [headers, parts] of cases) {
      const answer = await fetch(`${url}/z_security_check`, { method: 'POST', headers })
      const detail = await detailOf(answer)
      expect([headers, answer.status]).toEqual([headers, 403])
      for (const part of [...parts, `this server is ${own}`, 'Nothing happened'])
        expect(detail).toContain(part)
      expect(detail).not.toContain('secret')
    }
  }
})

test('what is repeated of a header is short and harmless', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const value of [`http://${'x'.repeat(5_000)}`, 'http://<script>"\'`\\\x9b\xff', 'a"b <i>']) {
    for (const name of ['origin', 'sec-fetch-site', 'referer']) {
      const answer = await fetch(`${server.url}/z_security_check`, {
        method: 'POST',
        headers: { [name]: value },
      })
      const detail = answer.status === 403 ? await detailOf(answer) : ''
      expect(detail.length).toBeLessThan(700)
      expect(detail.replaceAll(/public-url = "[^"]*"/g, '')).not.toMatch(/[<>"'`\\\x80-\xff]/)
    }
  }
})

test('a request without the right CSRF token is told whether one came, where it belongs and who needs none', async () => {
  await using server = await startServer({ store: 'memory:' })
  const { cookie, csrfToken } = await logIn(server, { csrf: true })
  const other = (await logIn(server, { csrf: true })).csrfToken ?? ''
  const put = (headers: Record<string, string>, fields: Record<string, string> = {}) =>
    fetch(`${server.url}/session/put`, {
      method: 'POST',
      body: new URLSearchParams({ a: '1', ...fields }),
      headers: { cookie, ...headers },
    })
  const cases: readonly (readonly [Response, string])[] = [
    [await put({}), 'No CSRF token came'],
    [await put({ CSRFToken: '' }), 'No CSRF token came'],
    [
      await put({ CSRFToken: other }),
      'The CSRF token in the header CSRFToken is not the one of this session.',
    ],
    [await put({ 'X-CSRF-Token': other }), 'The CSRF token in the header X-CSRF-Token is not'],
    [await put({}, { CSRFToken: other }), 'The CSRF token in the parameter CSRFToken is not'],
    [
      await put({ CSRFToken: 'x' }, { CSRFToken: other }),
      'in the header CSRFToken and the parameter CSRFToken is not',
    ],
  ]
  for (const [answer, seen] of cases) {
    expect(answer.status).toBe(403)
    const detail = await detailOf(answer)
    for (const part of [
      seen,
      'header CSRFToken or X-CSRF-Token',
      'parameter CSRFToken',
      'z_csrf_protection=off',
    ])
      expect(detail).toContain(part)
    expect(detail).not.toContain(other)
    expect(detail).not.toContain(csrfToken ?? '')
  }
})

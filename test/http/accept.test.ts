import { expect, test } from 'bun:test'
import { startServer } from '../support/server.ts'
import { attempt, RIGHT } from './attempt.ts'

const PAGE = 'text/html; charset=utf-8'
const PROBLEM = 'application/problem+json'

test('a right and a wrong password are answered in the same type, whichever a client would rather have', async () => {
  await using server = await startServer({ store: 'memory:' })
  for (const [accept, isPage] of [
    ['text/html,application/json', true],
    ['application/json,text/html', false],
    ['application/json', false],
    ['application/problem+json', false],
    ['Application/JSON ; q=1', false],
    ['application/json, text/plain, */*', false],
    ['text/html;q=0.5, application/json;q=0.9', false],
    ['application/json;q=0.5, text/html', true],
    ['application/json;q=0, */*', true],
    ['application/json;q=high', false],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', true],
    ['*/*', true],
    ['', true],
  ] as const) {
    const right = await attempt(server, RIGHT, { accept })
    const wrong = await attempt(server, { ...RIGHT, z_password: 'wrong' }, { accept })
    const seen = [accept, right.status, wrong.status, wrong.headers.get('content-type')]
    expect(seen).toEqual(isPage ? [accept, 302, 401, PAGE] : [accept, 200, 401, PROBLEM])
    if (!isPage) expect(right.headers.get('content-type')).toBe('application/json')
  }
})

import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { readConfig } from '../../src/config.ts'
import { type ProblemCode, statusOf } from '../../src/http/problem.ts'
import { routes } from '../../src/http/routes.ts'
import { blocksOf, read, root } from './markdown.ts'

const operating = read('docs/operating.md')
const http = read('docs/http.md')
const map = read('docs/map.md')

/** What a pattern captures first, each once and in order of the alphabet. */
const namesIn = (text: string, pattern: RegExp): string[] =>
  [...new Set([...text.matchAll(pattern)].map(([, name = '']) => name))].sort()

/** The part of a document under a heading. */
function under(document: string, heading: string): string {
  const [, text] = document.split(`\n${heading}\n`)
  if (text === undefined) throw new Error(`There is no heading ${heading}.`)
  return text.split(/\n## /)[0] ?? ''
}

const sources = [...new Bun.Glob('src/**/*.{ts,tsx,js}').scanSync({ cwd: root })]
  .filter((file) => !file.endsWith('.d.ts'))
  .sort()

/** The file of settings in which each is its default, and those without one are behind a `# `. */
const defaults = blocksOf('docs/operating.md').find(({ language }) => language === 'toml')?.content ?? ''
const everything = defaults.replace(/^# (?=[\w-]+ = )/gm, '')

/** The words in the schema of the settings: their names, and those of the sections. */
function settingsInSource(): string[] {
  const source = read('src/settings.ts')
  const schema = source.slice(
    source.indexOf('const flagged = {'),
    source.indexOf('/** What a settings file may say'),
  )
  return namesIn(schema, /(?:^ +|[{,] )'?([a-z][a-z-]*)'?(?::|,$)/gm).filter((name) => name !== 'error')
}

const wordsOf = (toml: object): string[] =>
  Object.entries(toml).flatMap(([name, value]) =>
    typeof value === 'object' && !Array.isArray(value) ? [name, ...wordsOf(value)] : [name],
  )

function readSettings(content: string) {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-docs-'))
  try {
    const config = join(folder, 'settings.toml')
    writeFileSync(config, content)
    return readConfig({ config }, {})
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

test('the settings file of the guide has every setting that there is', () => {
  expect([...new Set(wordsOf(parse(everything)))].sort()).toEqual(settingsInSource())
  expect(settingsInSource()).toContain('hashes-at-once')
  expect(() => readSettings(everything)).not.toThrow()
})

test('what the settings file of the guide says to be the defaults are the defaults', () => {
  expect(readSettings(defaults)).toEqual(readSettings(''))
})

test('the tables of the guide have every setting that there is, with its flag and variable', () => {
  const settings = parse(everything)
  for (const [name, value] of Object.entries(settings)) {
    const isSection = typeof value === 'object' && !Array.isArray(value)
    const keys = isSection ? Object.keys(value).map((key) => `${name}.${key}`) : [name]
    for (const key of keys) expect(operating).toContain(`| \`${key}\` |`)
  }
  for (const name of ['port', 'host', 'data', 'store', 'public-url', 'allow-plain-http', 'metrics']) {
    const variable = `CLOAKROOM_${name.toUpperCase().replaceAll('-', '_')}`
    expect(operating).toContain(`| \`${name}\` | \`--${name}\` | \`${variable}\` |`)
  }
})

test('the guide to HTTP has every path that the server answers', () => {
  const bare = [...routes.keys()].filter((path) => !path.startsWith('/api/'))
  expect(bare.filter((path) => !http.includes(`\`${path}\``))).toEqual([])
})

test('the proxy of an application on the same host gives every path of ours to us, but for those that may be its own', () => {
  const [, pattern = ''] =
    /location ~ (\S+) \{\n +proxy_pass http:\/\/127\.0\.0\.1:8080;/.exec(operating) ?? []
  const ours = new RegExp(pattern)
  expect([...routes.keys()].filter((path) => !ours.test(path))).toEqual(['/', '/healthz', '/readyz'])
  for (const path of ['/', '/sessions2', '/app/session', '/loginpage']) expect(path).not.toMatch(ours)
})

test('the guide to HTTP has every code of a problem, with its status', () => {
  const inSource = namesIn(read('src/http/problem.ts'), /^ {2}(\w+): \[\d+, /gm)
  const rows = [...http.matchAll(/^\| `(\w+)` \| (\d+) \|/gm)].map(([, code = '', status]) => ({
    code,
    status: Number(status),
  }))
  expect(rows.map(({ code }) => code).sort()).toEqual(inSource)
  expect(rows).toEqual(rows.map(({ code }) => ({ code, status: statusOf(code as ProblemCode) })))
})

test('the guide to operating has every event that is logged, and no other', () => {
  const inSource = sources.flatMap((path) => [
    ...namesIn(read(path), /\bevent: '(\w+)'/g),
    ...[...read(path).matchAll(/\bevent = .*\? '(\w+)' : '(\w+)'/g)].flatMap(([, one = '', other = '']) => [
      one,
      other,
    ]),
  ])
  expect(namesIn(under(operating, '## The log'), /^\| `(\w+)` \|/gm)).toEqual([...new Set(inSource)].sort())
})

test('the map has every source file, and no other', () => {
  const named = namesIn(map, /^\| `(src\/[\w./-]+\.(?:tsx?|js))` \|/gm)
  expect(named).toEqual(sources)
})

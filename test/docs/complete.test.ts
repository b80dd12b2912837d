import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { parse } from 'smol-toml'
import { readConfig } from '../../src/config.ts'
import { type PageFacts, pages } from '../../src/console/pages.ts'
import { variableOf } from '../../src/environment.ts'
import { type ProblemCode, statusOf } from '../../src/http/problem.ts'
import { routes } from '../../src/http/routes.ts'
import { flagged, settings } from '../../src/settings.ts'
import { documents, read, root } from './markdown.ts'
import { defaults } from './settings.ts'

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

/** The headings of a document that begin with this mark. */
const headingsOf = (path: string, mark: '# ' | '## ' | '### ') =>
  read(path)
    .split('\n')
    .filter((line) => line.startsWith(mark))
    .map((line) => line.slice(mark.length))

/** Folders inside these are parts of them, and the map names them there. */
const HAS_PARTS = /^src\/console\/\w+\//

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

/** The names of the settings in a settings file. */
const namesInFile = (toml: object, prefix = ''): string[] =>
  Object.entries(toml).flatMap(([name, value]) =>
    typeof value === 'object' && !Array.isArray(value)
      ? namesInFile(value, `${prefix}${name}.`)
      : `${prefix}${name}`,
  )

const everySetting = settings.map(({ name }) => name).sort()

test('the settings file of the guide has every setting that there is', () => {
  expect(namesInFile(parse(defaults.every)).sort()).toEqual(everySetting)
  expect(() => readSettings(defaults.every)).not.toThrow()
})

test('what the settings file of the guide says to be the defaults are the defaults', () => {
  expect(readSettings(defaults.given)).toEqual(readSettings(''))
})

test('the tables of the guide have every setting that there is and no other, with its flag and variable', () => {
  const tables = under(operating, '## Settings')
  expect(namesIn(tables, /^\| `([\w.-]+)` \|/gm)).toEqual(everySetting)
  for (const name of Object.keys(flagged))
    expect(tables).toContain(`| \`${name}\` | \`--${name}\` | \`${variableOf(name)}\` |`)
  const secrets = settings.filter(({ isSecret }) => isSecret).map(({ name }) => `${variableOf(name)}_FILE`)
  for (const variable of [...secrets, 'CLOAKROOM_ADMIN_PASSWORD_FILE'])
    expect(tables).toContain(`\`${variable}\``)
})

test('the guide to HTTP has every path that the server answers', () => {
  const bare = [...routes.keys()].filter((path) => !path.startsWith('/api/'))
  expect(bare.filter((path) => !http.includes(`\`${path}\``))).toEqual([])
})

test('every page of the navigation is answered, and the guide to pages has it under its title', () => {
  const sections = headingsOf('docs/console.md', '### ')
  for (const { path, title, under } of Object.values<PageFacts>(pages)) {
    expect({ path, guard: routes.get(path)?.guard }).toEqual({ path, guard: 'page' })
    expect(sections).toContain(sections.includes(title) ? title : pages[under as keyof typeof pages].title)
  }
})

test('the proxy of an application on the same host gives every path of ours to us, but for those that may be its own', () => {
  const [, pattern = ''] =
    /location ~ (\S+) \{\n +proxy_pass http:\/\/127\.0\.0\.1:8080;/.exec(operating) ?? []
  const ours = new RegExp(pattern)
  const others = [...routes.keys()].filter((path) => !ours.test(path))
  expect(others).toEqual(['/', '/healthz', '/readyz', '/openapi.json'])
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

test('the map has every folder of source, and says what it does', () => {
  const folders = sources.filter((path) => !HAS_PARTS.test(path)).map((path) => `${dirname(path)}/`)
  expect(namesIn(map, /^\| `(src\/[\w/]*)` \| .+ \|$/gm)).toEqual([...new Set(folders)].sort())
})

test('the map names one file for each rule', () => {
  const rows = under(map, '## Where each rule lives')
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1)
  expect(rows.length).toBeGreaterThan(30)
  expect(rows.filter((row) => !/^\| [^|]+ \| `src\/[\w/-]+\.tsx?` \|$/.test(row))).toEqual([])
})

test('the index of decisions has each, with its number and title', () => {
  const files = documents.filter((path) => /^docs\/decisions\/\d/.test(path))
  const rows = [...read('docs/decisions/README.md').matchAll(/^\| (\d+) \| \[(.+)\]\((.+)\) \|/gm)]
  const listed = rows.map(([, number, title, file]) => ({
    file: `docs/decisions/${file}`,
    head: `${number}. ${title}`,
  }))
  expect(listed).toEqual(files.map((file) => ({ file, head: headingsOf(file, '# ')[0] ?? '' })))
  for (const [i, { file, head }] of listed.entries()) {
    expect(head).toStartWith(`${i + 1}. `)
    expect(file).toContain(`/${String(i + 1).padStart(4, '0')}-`)
    expect(headingsOf(file, '## ')).toEqual(['Context', 'Decision', 'Measured', 'Consequences'])
  }
})

import { expect, test } from 'bun:test'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'smol-toml'
import { readConfig } from '../../src/config.ts'
import { TEST_LIMIT_MS } from '../support/limits.ts'
import {
  anchorsOf,
  blocksIn,
  blocksOf,
  documents,
  guides,
  linksOf,
  pathsNamedIn,
  read,
  root,
} from './markdown.ts'
import { isAsExpected, openClone, settingsIn, stepsOf } from './transcript.ts'

/** Commands that are not typed here, each with the reason. */
const notTyped = new Map([
  ['npm ci && npm test', 'this is it, and .ci/run calls it'],
  ['npm ci', 'what .ci/run begins with'],
  ['npm start', 'the start is what every transcript here does'],
  ['sudo systemctl enable --now cloakroom', 'needs systemd and the right to change the machine'],
])

const commandsOf = (path: string) => stepsOf(blocksOf(path).filter(({ language }) => language === 'sh'))

/** Where everything has to be there, a test that lacks its program fails. */
const isComplete = process.env['CI'] === 'true'

const curl = Bun.which('curl')
const nginx = Bun.which('nginx', { PATH: `${process.env['PATH']}:/usr/sbin` })

const unless = (program: string | null, name: string) =>
  program === null ? ` (skipped: there is no ${name} on the path)` : ''

for (const path of guides) {
  const steps = commandsOf(path).filter(({ command }) => !notTyped.has(command))
  if (steps.length === 0) continue
  test.skipIf(curl === null && !isComplete)(
    `the commands of ${path} answer as it says${unless(curl, 'curl')}`,
    async () => {
      await using clone = await openClone(settingsIn(read(path)))
      const printed = await clone.type(steps.map(({ command }) => command))
      const wrong = steps
        .map((step, i) => ({ ...step, printed: printed[i] ?? '' }))
        .filter((step) => !isAsExpected(step.expected, step.printed))
      expect(wrong).toEqual([])
    },
    TEST_LIMIT_MS,
  )
}

test('every command that is not typed stands in a document', () => {
  const commands = documents.flatMap(commandsOf).map(({ command }) => command)
  expect([...notTyped.keys()].filter((command) => !commands.includes(command))).toEqual([])
})

test('what a transcript expects is held against what was printed', () => {
  expect(isAsExpected('{"a":"…"}\n', '{"a":"1"}')).toBe(true)
  expect(isAsExpected('{"a":"…"}\n', '{"b":"1"}')).toBe(false)
  expect(isAsExpected('', 'something')).toBe(false)
  expect(isAsExpected('a.c', 'abc')).toBe(false)
})

test('every block says what it is, so that it is tested', () => {
  const known = ['sh', 'toml', 'nginx', 'caddy', 'ini', 'js', 'html', 'http', 'text', 'json', 'sql']
  const unknown = documents.flatMap(blocksOf).filter(({ language }) => !known.includes(language))
  expect(unknown).toEqual([])
})

test('the settings files in the guides are valid', async () => {
  const blocks = blocksIn('toml')
  expect(blocks.length).toBeGreaterThan(0)
  for (const { content } of blocks) {
    expect(parse(content)).not.toEqual({})
    await inFolder(async (folder) => {
      const config = join(folder, 'settings.toml')
      await Bun.write(config, content)
      expect(readConfig({ config, data: folder }, {}).data).toBe(folder)
    })
  }
})

test.skipIf(nginx === null && !isComplete)(
  `nginx accepts the configurations in the guides${unless(nginx, 'nginx')}`,
  async () => {
    const blocks = blocksIn('nginx')
    expect(blocks.length).toBeGreaterThan(0)
    for (const { content } of blocks) await inFolder((folder) => requireNginxAccepts(content, folder))
  },
)

/** Without the certificate, which only its owner has, and on a port that everybody may listen on. */
async function requireNginxAccepts(content: string, folder: string): Promise<void> {
  const tried = content
    .replace(/^\s*ssl_certificate(_key)? .*;\n/gm, '')
    .replace(/^(\s*listen) (.*)443 ssl;/gm, '$1 $28443;')
  expect(tried).not.toContain('ssl')
  const file = join(folder, 'nginx.conf')
  await Bun.write(
    file,
    `pid ${folder}/pid; error_log stderr; events {}\nhttp {\naccess_log off;\n` +
      ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
        .map((of) => `${of}_temp_path ${folder}/${of};\n`)
        .join('') +
      `${tried}}\n`,
  )
  const run = Bun.spawn([nginx ?? 'nginx', '-t', '-q', '-p', folder, '-c', file], {
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const said = await new Response(run.stderr).text()
  expect({ status: await run.exited, said }).toEqual({ status: 0, said: '' })
}

async function inFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-docs-'))
  try {
    return await work(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

// As text only: Caddy is not among the programs that CI installs.
test('the Caddy configurations in the guides lead to where the server listens', () => {
  const blocks = blocksIn('caddy')
  expect(blocks.length).toBeGreaterThan(0)
  for (const { content } of blocks)
    expect(content).toMatch(/^\S+ \{\n {2}reverse_proxy 127\.0\.0\.1:8080\n\}\n$/)
})

test('every link inside the project leads to a file, and to a heading in it', () => {
  const dead = documents.flatMap((path) =>
    linksOf(path)
      .filter(
        ({ file, anchor }) =>
          !existsSync(join(root, file)) || (anchor !== '' && !anchorsOf(file).includes(anchor)),
      )
      .map((link) => ({ path, ...link })),
  )
  expect(dead).toEqual([])
})

test('every file and folder that a document names is there', () => {
  const absent = documents.flatMap((path) =>
    pathsNamedIn(path)
      .filter((named) => !existsSync(join(root, named)))
      .map((named) => ({ path, named })),
  )
  expect(absent).toEqual([])
})

import { expect, test } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { readConfig } from '../src/config.ts'
import { refusal } from './support/settings.ts'

test('a file that is no TOML is refused with the line', () => {
  const said = refusal('port = 8080\nhost is here\n')
  expect(said).toBe('The settings file FILE is not TOML: illegal character in key, in line 2, column 6.')
  expect(refusal('port = 1\nport = 2\n')).toContain('in line 2, column')
})

test('what is in a file that is no TOML is not repeated, since it may be a password', () => {
  for (const line of [
    'store = postgres://u:hunter2@h/db',
    'store = "postgres://u:hunter2\\@h/db"',
    'store = "postgres://u:hunter2@h/db',
    "store = 'postgres://u:hunter2@h/db",
    'postgres://u:hunter2@h/db',
    'store "postgres://u:hunter2@h/db"',
  ]) {
    const said = refusal(`port = 8080\n${line}\nhost = "127.0.0.1"\n`)
    expect(said).toMatch(/^The settings file FILE is not TOML: [a-z :-]+, in line [23], column \d+\.$/)
    expect(said).not.toContain('hunter')
  }
})

test('a file that is not there is refused, whoever names it', () => {
  const path = resolve('/nowhere/settings.toml')
  for (const read of [
    () => readConfig({ config: path }, {}),
    () => readConfig({}, { CLOAKROOM_CONFIG: path }),
  ]) {
    expect(read).toThrow(
      /^The settings file \/.* cannot be read \(ENOENT\)\. Name one that exists with --config\.$/,
    )
  }
})

test('a folder in the place of the file is said to be one', () => {
  expect(() => readConfig({ config: tmpdir() }, {})).toThrow(
    `The settings file ${tmpdir()} is a folder. Name one that exists with --config.`,
  )
})

test('a file that is not UTF-8 is refused, and nothing in it is replaced', () => {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-config-'))
  const path = join(folder, 'settings.toml')
  writeFileSync(path, Buffer.from('data = "/srv/M\xfcller"\n', 'latin1'))
  expect(() => readConfig({ config: path }, {})).toThrow(
    `The settings file ${path} is not UTF-8. Save it in that encoding.`,
  )
  rmSync(folder, { recursive: true })
})

import { expect, test } from 'bun:test'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Glob } from 'bun'

const ROOT = join(import.meta.dir, '../..')

/** The longest line of a comment, in characters. The formatter wraps code there, but no comments. */
const MAX_LENGTH = 110

const FOLDERS = ['src', 'test/support', 'reliability', 'bench']

/** Folders whose comments may still be longer. Remove a folder once it complies. */
const EXEMPT = ['src/store/', 'src/client/']

const COMMENT = /^\s*(?:\/\/|\{?\/\*|\*[ /])/

const isExempt = (path: string) =>
  path.includes('/node_modules/') || EXEMPT.some((folder) => path.startsWith(folder))

function longComments(path: string): string[] {
  const lines = readFileSync(join(ROOT, path), 'utf8').split('\n')
  return lines.flatMap((line, i) =>
    COMMENT.test(line) && line.length > MAX_LENGTH ? [`${path}:${i + 1}`] : [],
  )
}

test(`no comment in the source has a line longer than ${MAX_LENGTH} characters`, () => {
  const paths = FOLDERS.flatMap((folder) => [...new Glob(`${folder}/**/*.{ts,tsx,js,css}`).scanSync(ROOT)])
  expect(paths.length).toBeGreaterThan(100)
  expect(paths.filter((path) => !isExempt(path)).flatMap(longComments)).toEqual([])
})

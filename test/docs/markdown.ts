import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** The folder of the project. */
export const root = join(import.meta.dir, '..', '..')

export const read = (path: string): string => readFileSync(join(root, path), 'utf8')

/** The documents of the project, by their paths in it. */
export const documents: readonly string[] = [...new Bun.Glob('**/*.md').scanSync({ cwd: root })]
  .filter((path) => !path.split('/').includes('node_modules'))
  .sort()

/** The documents for whoever uses the project: what they tell to type is run. */
export const guides = documents.filter((path) => path === 'README.md' || path.startsWith('docs/'))

export interface Block {
  /** The document. */
  readonly path: string
  /** The line that opens the block, as editors count. */
  readonly line: number
  /** What stands behind the fence, such as `sh`. */
  readonly language: string
  readonly content: string
}

/** The fenced blocks of a document. */
export function blocksOf(path: string): Block[] {
  const text = read(path)
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(
    ({ 1: language = '', 2: content = '', index }) => ({
      path,
      line: text.slice(0, index).split('\n').length,
      language,
      content,
    }),
  )
}

/** The blocks of a language in all guides. */
export const blocksIn = (language: string): Block[] =>
  guides.flatMap(blocksOf).filter((block) => block.language === language)

/** A document without its blocks: what is prose, tables and links. */
const prose = (path: string) => read(path).replace(/^```[\s\S]*?^```$/gm, '')

/** The links of a document that stay inside the project: the file, and the heading in it or ''. */
export function linksOf(path: string): { readonly file: string; readonly anchor: string }[] {
  return [...prose(path).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/.test(target))
    .map((target) => {
      const [file = '', anchor = ''] = target.split('#')
      return { file: file === '' ? path : join(dirname(path), file), anchor }
    })
}

/** The headings of a document as links name them. */
export const anchorsOf = (path: string): string[] =>
  [...prose(path).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-'),
  )

/** Files and folders of source, tests, documents and examples that a document names as code. A pattern such as `src/*.ts` is none. */
export const pathsNamedIn = (path: string): string[] =>
  [...prose(path).matchAll(/`((?:src|test|docs|bench|reliability|examples)\/[\w./-]*)`/g)].map(
    ([, named = '']) => named,
  )

import { createHash } from 'node:crypto'

/** The script of the pages, as it is sent. */
export interface Script {
  readonly text: Uint8Array<ArrayBuffer>
  readonly gzipped: Uint8Array<ArrayBuffer>
  /** The script's path. A changed script has another path, so browsers can cache each for ever. */
  readonly url: string
}

/** The path of the script, without the part that identifies its version. */
export const SCRIPT_PATH = '/console/script.js'

let script: Promise<Script> | null = null

/**
 * Returns the script of the pages, bundled when the first page asks for it. It takes about 0.1 s, once; a
 * server without visitors never does it.
 */
export function scriptOfPages(): Promise<Script> {
  script ??= build().catch((error) => {
    // Such as too many open files for a moment: the next page tries again.
    script = null
    throw error
  })
  return script
}

async function build(): Promise<Script> {
  const { outputs } = await Bun.build({
    entrypoints: [`${import.meta.dir}/main.tsx`],
    target: 'browser',
    minify: true,
    define: { 'process.env.NODE_ENV': '"production"' },
  })
  const [output] = outputs
  if (output === undefined) throw new Error('There is no script of the pages.')
  const text = new Uint8Array(await output.arrayBuffer())
  const version = createHash('sha256').update(text).digest('base64url').slice(0, 16)
  return { text, gzipped: Bun.gzipSync(text, { level: 9 }), url: `${SCRIPT_PATH}?v=${version}` }
}

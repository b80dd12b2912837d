import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { STEP_LIMIT_MS } from '../support/limits.ts'

const CLIENT = join(import.meta.dir, '../../src/client/cloakroom.js')

/** Runs a program by Node, with the client imported. Returns what it prints, which is JSON. */
export async function runByNode(program: string, env: Record<string, string>): Promise<unknown> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-client-'))
  try {
    const file = join(folder, 'program.mjs')
    await Bun.write(file, `import { Cloakroom, Problem } from ${JSON.stringify(CLIENT)}\n${program}`)
    const node = Bun.spawn(['node', file], {
      env: { ...process.env, ...env },
      stderr: 'pipe',
      timeout: STEP_LIMIT_MS,
    })
    const [out, err] = await Promise.all([new Response(node.stdout).text(), new Response(node.stderr).text()])
    if ((await node.exited) !== 0) throw new Error(err)
    return JSON.parse(out)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

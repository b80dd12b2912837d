#!/usr/bin/env bun
import pkg from '../../package.json' with { type: 'json' }

/** Scripts ask for the version often, and it needs none of the program. Rejects if standard output cannot be written. */
const printVersion = () => Bun.write(Bun.stdout, `${pkg.version}\n`)

const run = async () => (await import('./program.ts')).run()

if (/^(version|--version|-V)$/.test(process.argv.slice(2).join(' '))) {
  // The program itself knows how to fail well.
  await printVersion().catch(run)
} else await run()

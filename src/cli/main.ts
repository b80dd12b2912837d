#!/usr/bin/env bun
import pkg from '../../package.json' with { type: 'json' }

/**
 * Prints the version without loading the program, since scripts ask for it often. Rejects if standard output
 * cannot be written.
 */
const printVersion = () => Bun.write(Bun.stdout, `${pkg.version}\n`)

const run = async () => (await import('./program.ts')).run()

if (/^(version|--version|-V)$/.test(process.argv.slice(2).join(' '))) {
  // The full program reports the failure properly.
  await printVersion().catch(run)
} else await run()

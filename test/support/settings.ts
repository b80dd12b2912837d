import { expect } from 'bun:test'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Config, type Flags, readConfig } from '../../src/config.ts'
import { SetupError } from '../../src/errors.ts'

type Environment = Parameters<typeof readConfig>[1]

/** Reads settings whose file has these lines. In messages, FILE stands for its path. */
export function read(toml: string, environment: Environment = {}, flags: Flags = {}): Config {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-config-'))
  const path = join(folder, 'settings.toml')
  try {
    writeFileSync(path, toml)
    return readConfig({ config: path, ...flags }, environment)
  } catch (error) {
    if (error instanceof SetupError) throw new SetupError(error.message.replaceAll(path, 'FILE'))
    throw error
  } finally {
    rmSync(folder, { recursive: true })
  }
}

/** Returns the message for settings that are refused. */
export function refusal(...given: Parameters<typeof read>): string {
  try {
    read(...given)
  } catch (error) {
    expect(error).toBeInstanceOf(SetupError)
    return (error as SetupError).message
  }
  throw new Error(`This was taken for right: ${JSON.stringify(given)}`)
}

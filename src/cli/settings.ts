import { readlinkSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { type Config, type Flags, readConfig } from '../config.ts'
import { variableOf } from '../environment.ts'
import { SetupError } from '../errors.ts'
import { flagged, settings } from '../settings.ts'
import { COMMAND_FILES, requireLimits, SERVER_FILES } from '../threads.ts'

const flags = {
  data: new Option('--data <dir>', 'folder that everything is kept in (CLOAKROOM_DATA; default: ./data)'),
  store: new Option(
    '--store <url>',
    'where sessions are kept: sqlite:PATH, redis://… or postgres://… (CLOAKROOM_STORE; default: SQLite in the data folder)',
  ),
  config: new Option(
    '--config <file>',
    'settings in TOML; every setting has a variable too, docs/operating.md lists them all (CLOAKROOM_CONFIG)',
  ),
}

const serverFlags = [
  new Option('--port <number>', 'port to listen on; 0 picks a free one (CLOAKROOM_PORT; default: 8080)'),
  new Option('--host <address>', 'address to listen on (CLOAKROOM_HOST; default: 127.0.0.1)'),
  new Option(
    '--public-url <url>',
    'what browsers call the server (CLOAKROOM_PUBLIC_URL; default: http on host and port)',
  ),
  new Option(
    '--allow-plain-http <true|false>',
    'listen beyond this machine without https (CLOAKROOM_ALLOW_PLAIN_HTTP; default: false)',
  ),
  new Option(
    '--metrics <host:port>',
    'answer GET /metrics there, in the format of Prometheus (CLOAKROOM_METRICS; default: nowhere)',
  ),
]

/** Adds the flag that names a settings file. */
export const addConfigFlag = (command: Command): Command => command.addOption(flags.config)

/** Adds the flags that name the store. */
export function addStoreFlags(command: Command): Command {
  for (const flag of Object.values(flags)) command.addOption(flag)
  return command
}

/** Adds the flags of a server and those that name the store. */
export function addServerFlags(command: Command): Command {
  for (const flag of serverFlags) command.addOption(flag)
  return addStoreFlags(command)
}

const NAMES = [
  'port',
  'host',
  'data',
  'store',
  'public-url',
  'allow-plain-http',
  'metrics',
  'config',
] as const

/** Returns a command's settings, read from its flags, the environment and the file. */
export function settingsOf(command: Command): Config {
  requireLimits(command.name() === 'serve' ? SERVER_FILES : COMMAND_FILES)
  const given = command.opts<Record<string, string>>()
  const found: Flags = Object.fromEntries(
    NAMES.map((name) => [
      name,
      given[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())],
    ]).filter(([, value]) => value !== undefined),
  )
  const config = readConfig(found, process.env)
  if (isFolderGone()) {
    throw new SetupError(
      'The folder that this program was started in has been deleted. Start it in another one.',
    )
  }
  return config
}

/** Tells whether the working directory was deleted: Bun then uses another one. Only Linux can tell. */
function isFolderGone(): boolean {
  try {
    return readlinkSync('/proc/self/cwd').endsWith(' (deleted)')
  } catch {
    return false
  }
}

/**
 * Explains how to set a setting that was given as an unknown flag, such as `--session.idle`. Null if it is no
 * setting.
 */
export function withoutFlag(option: string): string | null {
  const wanted = variableOf(option.replace(/^-+/, ''))
  const setting = settings.find(({ name }) => variableOf(name) === wanted)
  if (setting === undefined || setting.name in flagged) return null
  return `${setting.name} has no flag: set it in the settings file, or as ${wanted} in the environment.`
}

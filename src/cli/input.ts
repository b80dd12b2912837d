import { SetupError } from '../errors.ts'

/** The character that replaces invalid bytes in a decoded text. */
const REPLACEMENT = '\ufffd'

/**
 * Rejects arguments and our environment variables that were not valid UTF-8: Bun replaced the invalid bytes
 * by U+FFFD, which would change a password or name. The message does not repeat the text, since it may be a
 * secret.
 */
export function requireUtf8(args: readonly string[], environment: NodeJS.ProcessEnv): void {
  const at = args.findIndex((each) => each.includes(REPLACEMENT))
  if (at !== -1) throw notUtf8(nameOfArgument(args, at))
  for (const [name, value = ''] of Object.entries(environment)) {
    if (name.startsWith('CLOAKROOM_') && `${name}${value}`.includes(REPLACEMENT))
      throw notUtf8(name.replaceAll(REPLACEMENT, '?'))
  }
}

function nameOfArgument(args: readonly string[], at: number): string {
  const [, own] = /^(--[\w-]+)=/.exec(args[at] ?? '') ?? []
  const [, before] = /^(--[\w-]+)$/.exec(args[at - 1] ?? '') ?? []
  const flag = own ?? before
  return flag === undefined ? `Argument ${at + 1}` : `The value of ${flag}`
}

const notUtf8 = (what: string) =>
  new SetupError(`${what} is not UTF-8. Type or save it in that encoding (a locale such as C.UTF-8).`)

/**
 * Reads all of standard input: UTF-8, or the encoding that its byte order mark names, as PowerShell writes.
 * Throws on invalid bytes.
 */
export async function readInput(): Promise<string> {
  const bytes = await Bun.stdin.bytes()
  try {
    return new TextDecoder(encodingOf(bytes), { fatal: true }).decode(bytes)
  } catch {
    throw notUtf8('Standard input')
  }
}

function encodingOf([first, second]: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' {
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'utf-8'
}

/** Checks and returns a line that was typed on the terminal. */
export function requireTyped(line: string): string {
  if (line.includes(REPLACEMENT)) throw notUtf8('What was typed')
  return line
}

/** The flags that npm takes for itself if they are not behind `--`. */
const SERVER_FLAGS = ['port', 'host', 'data', 'store', 'public-url', 'allow-plain-http', 'metrics', 'config']

/**
 * Throws if npm took our flags for itself, as in `npm start --port=9000`: the server would start without
 * them.
 */
export function requireNothingTaken(environment: NodeJS.ProcessEnv): void {
  const script = environment['npm_lifecycle_event']
  if (script !== 'start' && script !== 'cloakroom') return
  const taken = SERVER_FLAGS.find(
    (flag) => environment[`npm_config_${flag.replaceAll('-', '_')}`] !== undefined,
  )
  if (taken === undefined) return
  const command = script === 'start' ? 'npm start' : 'npm run cloakroom'
  throw new SetupError(
    `npm took --${taken} for a flag of its own. Put flags behind --: ${command} -- --${taken} …`,
  )
}

/** Common guesses for commands that have another name. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  start: 'serve',
  run: 'serve',
  server: 'serve',
  up: 'serve',
  users: 'user',
  sessions: 'session',
  verify: 'check',
  test: 'check',
  migrate: 'copy',
  create: 'add',
  new: 'add',
  remove: 'delete',
  rm: 'delete',
  ls: 'list',
  password: 'passwd',
  end: 'revoke',
}

/** Returns the message about a command-line mistake, with a suggestion where there is one. */
export async function withHint(message: string): Promise<string> {
  const [, option] = /unknown option '([^'=]+)/.exec(message) ?? []
  // Loaded only here, since it takes longer than all of `cloakroom version`.
  const hint = option === undefined ? null : (await import('./settings.ts')).withoutFlag(option)
  return `${hint ?? withMeant(message)}\n(--help says more)`
}

function withMeant(message: string): string {
  const [, word = ''] = /unknown command '([^']+)'/.exec(message) ?? []
  const meant = OTHER_WORDS[word]
  if (meant !== undefined && !message.includes('Did you mean')) return `${message}\n(Did you mean ${meant}?)`
  if (message.includes("too many arguments for 'serve'"))
    return `${message}\nWith npm, put flags behind --: npm start -- --port 9000`
  return message
}

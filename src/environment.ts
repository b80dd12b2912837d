import { closestTo } from './closest.ts'
import { SetupError } from './errors.ts'
import { readText } from './files.ts'
import { type Setting, settings } from './settings.ts'

export type Environment = Readonly<Record<string, string | undefined>>

const PREFIX = 'CLOAKROOM_'
const ADMIN_PASSWORD = 'CLOAKROOM_ADMIN_PASSWORD'

/** Variables that are not settings. */
const OTHER_VARIABLES = ['CLOAKROOM_CONFIG', ADMIN_PASSWORD, `${ADMIN_PASSWORD}_FILE`]

/** Returns a setting's variable: `CLOAKROOM_SESSION_IDLE` for `session.idle`. */
export const variableOf = (setting: string): string =>
  `${PREFIX}${setting.toUpperCase().replaceAll(/[-.]/g, '_')}`

/** The variables of all settings, including those that name a file with a secret value. */
const variables = new Map(
  settings.flatMap((setting): [string, { setting: Setting; isFile: boolean }][] => {
    const variable = variableOf(setting.name)
    const direct: [string, { setting: Setting; isFile: boolean }] = [variable, { setting, isFile: false }]
    return setting.isSecret ? [direct, [`${variable}_FILE`, { setting, isFile: true }]] : [direct]
  }),
)

/** What the environment sets: values as in a settings file, and the variable that each came from. */
export interface FromEnvironment {
  readonly values: object
  nameOf(setting: string): string
}

/** Reads the settings in the environment. Throws a `SetupError` for an unknown variable with our prefix. */
export function readEnvironment(environment: Environment): FromEnvironment {
  const found: Record<string, unknown> = {}
  const names = new Map<string, string>()
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith(PREFIX) || OTHER_VARIABLES.includes(variable) || value === undefined) continue
    const known = variables.get(variable)
    if (known === undefined) throw unknownVariable(variable)
    const { name, isList } = known.setting
    const other = names.get(name)
    if (other !== undefined) throw bothGiven(other, variable)
    names.set(name, variable)
    const text = known.isFile ? readSecret(variable, value) : value
    requireNoServiceLink(variable, text)
    setAt(found, name.split('.'), isList ? listOf(text) : text)
  }
  return { values: found, nameOf: (setting) => names.get(setting) ?? variableOf(setting) }
}

/**
 * Returns the password for the first admin, from the environment or from a file that it names. Removes it
 * from the environment, so that no thread or other program inherits it.
 */
export function takeAdminPassword(environment: Record<string, string | undefined>): string | null {
  const password = environment[ADMIN_PASSWORD]
  delete environment[ADMIN_PASSWORD]
  const variable = `${ADMIN_PASSWORD}_FILE`
  const path = environment[variable]
  if (path === undefined) return password ?? null
  if (password !== undefined) throw bothGiven(ADMIN_PASSWORD, variable)
  return readSecret(variable, path)
}

function readSecret(variable: string, path: string): string {
  const what = `The file of ${variable}`
  const text = readText(path, what, 'Name a file that exists and that the server may read.').trimEnd()
  if (text !== '') return text
  throw new SetupError(`${what} ${path} is empty. Write the value into it.`)
}

/** Splits a text at its commas. An empty text is the empty list. */
const listOf = (text: string) => (text.trim() === '' ? [] : text.split(',').map((entry) => entry.trim()))

function setAt(into: Record<string, unknown>, path: readonly string[], value: unknown): void {
  const [first = '', ...rest] = path
  if (rest.length === 0) {
    into[first] = value
    return
  }
  into[first] ??= {}
  setAt(into[first] as Record<string, unknown>, rest, value)
}

function unknownVariable(variable: string): SetupError {
  const known = [...variables.keys(), ...OTHER_VARIABLES].map((name) => name.slice(PREFIX.length))
  const closest = closestTo(variable.slice(PREFIX.length), known)
  const hint = SERVICE_LINK.test(variable)
    ? ` ${SERVICE_LINK_HINT}`
    : closest === null
      ? ''
      : ` Did you mean ${PREFIX}${closest}?`
  return new SetupError(`There is no setting ${variable}.${hint} docs/operating.md lists them all.`)
}

const bothGiven = (one: string, other: string) =>
  new SetupError(`${one} and ${other} are both set, and mean the same setting. Unset one of them.`)

/** Kubernetes gives every pod variables with the names of the services around it. */
const SERVICE_LINK = /^CLOAKROOM_(SERVICE_|PORT_\d+_)/
const SERVICE_LINK_HINT =
  'Kubernetes sets it for a service named cloakroom: set enableServiceLinks to false in the pod, or rename the service.'

function requireNoServiceLink(variable: string, value: string): void {
  if (variable !== 'CLOAKROOM_PORT' || !/^(tcp|udp):\/\//.test(value)) return
  throw new SetupError(`${variable} is ${value}, which is no port. ${SERVICE_LINK_HINT}`)
}

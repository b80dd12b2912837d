import { z } from 'zod'
import { quoted, Refusal } from '../errors.ts'
import { CSRF_TOKEN, isLoginParameter } from '../session/limits.ts'
import type { Millis } from '../store/store.ts'
import type { Ask } from './ask.ts'
import { type Pair, parseQuery } from './form.ts'
import { isSwitchedOn, noSwitch } from './switch.ts'

/** The parameters of an endpoint by name. Each is a text, the last of several, or a list of texts. */
export type ParamsSchema = z.ZodObject

/** How many entries a list has by default, and at most. */
const DEFAULT_PAGE = 100
export const LARGEST_PAGE = 1_000

/** A position in a list of sessions: a number, or a number and a handle, depending on the store. */
export const SESSION_CURSOR = /^-?\d{1,15}(:[\w-]{22})?$/

/** An instant in RFC 3339. */
const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/

const DAY: Millis = 86_400_000

/** An optional text. */
export const text = z.string().optional()

/** A required text. */
export const required = z.string().min(1)

/** A value that must not be sent in a URL. */
const SECRET = { format: 'password', writeOnly: true }
export const secret = text.meta(SECRET)
export const requiredSecret = required.meta(SECRET)

/** A new password of a user. An empty one is present, and too short. */
export const newPassword = z.string().meta(SECRET)

/** A text that filters a list. An empty one is no filter: a form sends it for an empty field. */
export const filter = text.transform((value) => value || undefined)

/** Texts: the parameter repeated, or one with commas in between. */
export const list = z.array(z.string()).optional()

/** A switch, in any case. */
export const flag = text
  .transform((value, context) => {
    if (value === undefined) return undefined
    return isSwitchedOn(value) ?? refuse(context, noSwitch(value))
  })
  .meta({ enum: ['on', 'true', 'off', 'false'] })

/** An instant, or a date, which means its first or its last moment in UTC. */
export const dateOrInstant = (edge: 'start' | 'end') =>
  text
    .transform((value, context): Millis | undefined => {
      if (value === undefined || value === '') return undefined
      const isDate = /^\d{4}-\d{2}-\d{2}$/.test(value)
      if (!isDate && !INSTANT.test(value)) return refuse(context, INSTANT_WANTED)
      const at = Date.parse(isDate ? `${value}T00:00:00Z` : value)
      if (Number.isNaN(at)) return refuse(context, INSTANT_WANTED)
      return isDate && edge === 'end' ? at + DAY : at
    })
    .meta({ format: 'date-time' })

const INSTANT_WANTED =
  'is a date, such as 2026-12-01, or an instant with its zone, such as 2026-12-01T14:00:00Z.'

/** `after` and `limit` of a paged list. `cursor` is the pattern of `after`. */
export const paging = (cursor: RegExp) => ({
  after: text
    .transform((value, context) => {
      if (value === undefined) return null
      return cursor.test(value) ? value : refuse(context, 'is what "next" said in the page before this one.')
    })
    .meta({ description: 'what `next` said in the page before this one' }),
  limit: text
    .transform((value, context) => {
      if (value === undefined) return undefined
      if (/^\d{1,6}$/.test(value) && Number(value) > 0) return Math.min(LARGEST_PAGE, Number(value))
      return refuse(context, 'is a whole number above 0.')
    })
    .meta({ description: `at most ${LARGEST_PAGE}; ${DEFAULT_PAGE} unless said otherwise` }),
})

/** How many entries a page has if the request does not say. */
export const limitOf = (params: { readonly limit: number | undefined }, standard = DEFAULT_PAGE): number =>
  params.limit ?? standard

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message })
  return z.NEVER
}

/**
 * Validates the parameters of a request. Throws on one that is not in the schema: the client meant it to have
 * an effect.
 */
export function parseParams<P extends ParamsSchema>(schema: P, pairs: readonly Pair[]): z.output<P> {
  const known = Object.keys(schema.shape)
  const found = new Map<string, string[]>()
  for (const [name, value] of pairs) {
    if (known.includes(name)) found.set(name, [...(found.get(name) ?? []), value])
    else if (name !== CSRF_TOKEN && !isLoginParameter(name)) throw unknownParameter(name, known)
  }
  const given = [...found].map(([name, values]) => [
    name,
    isList(schema.shape[name]) ? entriesOf(values) : values.at(-1),
  ])
  const parsed = schema.safeParse(Object.fromEntries(given))
  if (parsed.success) return parsed.data
  throw refusalOf(parsed.error.issues[0])
}

const unknownParameter = (name: string, known: readonly string[]) =>
  new Refusal(
    'invalid_parameter',
    known.length === 0
      ? `There is no parameter ${quoted(name)} here; there are none.`
      : `There is no parameter ${quoted(name)} here; there are: ${known.join(', ')}.`,
  )

const entriesOf = (values: readonly string[]): readonly string[] =>
  values
    .flatMap((value) => value.split(','))
    .map((value) => value.trim())
    .filter((value) => value !== '')

const isList = (type: unknown): boolean =>
  type instanceof z.ZodOptional ? isList(type.unwrap()) : type instanceof z.ZodArray

function refusalOf(issue: z.core.$ZodIssue | undefined): Refusal {
  const name = String(issue?.path[0] ?? '')
  return issue?.code === 'custom'
    ? new Refusal('invalid_parameter', `${name} ${issue.message}`)
    : new Refusal('missing_parameter', `The parameter ${name} is missing.`)
}

/** Throws if the URL holds one of these parameters: URLs end up in logs and histories. */
export function requireInBody(ask: Ask, secrets: readonly string[]): void {
  if (ask.query === '' || secrets.length === 0) return
  const found = parseQuery(ask.query).find(([name]) => secrets.includes(name))
  if (found !== undefined)
    throw new Refusal('invalid_parameter', `Send ${found[0]} in the body: passwords do not belong in URLs.`)
}

/** Returns the parameters that must not be sent in a URL. */
export const secretsOf = ({ shape }: ParamsSchema): readonly string[] =>
  Object.keys(shape).filter((name) => z.globalRegistry.get(shape[name] as z.ZodType)?.['writeOnly'] === true)

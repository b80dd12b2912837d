import { SetupError } from './errors.ts'
import type { Given } from './settings.ts'

/** Returns the name that a setting has where it was set. */
type NameOf = (setting: string) => string

type GivenLimits = NonNullable<Given['limits']>

const DEFAULT_LIMITS = {
  key: 256,
  value: 65_536,
  attributes: 1_024,
  session: 1_048_576,
  user: 16 * 1_048_576,
  body: 1_048_576,
  bodies: 67_108_864,
}

/** Pairs of limits. The first must fit into the second, or nothing could ever reach the first. */
const FITS_INTO = [
  ['session', 'user'],
  ['value', 'session'],
  ['value', 'body'],
  ['key', 'session'],
  ['key', 'body'],
  ['body', 'bodies'],
] as const

/** Bytes of `limits.user` per session that a user may have, where it is not set. */
const MIN_SHARE_BYTES = 16_384

/**
 * Returns the limits. Lowers a default to fit a smaller limit that was set; throws if a limit that was set
 * can never be reached. `perUser`: how many sessions a user may have.
 */
export function limitsOf(given: GivenLimits, perUser: number, nameOf: NameOf): typeof DEFAULT_LIMITS {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const limits = { ...DEFAULT_LIMITS, ...set }
  if (given.user === undefined) limits.user = Math.max(limits.user, limits.session, perUser * MIN_SHARE_BYTES)
  if (given.bodies === undefined) limits.bodies = Math.max(limits.bodies, 4 * limits.body)
  for (const [inner, outer] of FITS_INTO) {
    if (limits[inner] <= limits[outer]) continue
    if (given[inner] === undefined) {
      limits[inner] = limits[outer]
      continue
    }
    throw new SetupError(
      `${nameOf(`limits.${inner}`)} is ${limits[inner]} bytes and limits.${outer} is ${limits[outer]}: no ${inner} could be as large as ` +
        `it may be. Lower limits.${inner}, or raise limits.${outer}.`,
    )
  }
  return limits
}

const DEFAULT_EVENTS = { streams: 10_000, 'streams-per-session': 32, 'count-as-use': false }

/**
 * Returns the settings of event streams. Throws if one session may have more than all together, unless
 * streams are off.
 */
export function eventsOf(given: NonNullable<Given['events']>, nameOf: NameOf): typeof DEFAULT_EVENTS {
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  const events = { ...DEFAULT_EVENTS, ...set }
  const ofSession = given['streams-per-session']
  if (ofSession === undefined || ofSession <= events.streams || events.streams === 0) return events
  throw new SetupError(
    `${nameOf('events.streams-per-session')} is ${ofSession} and events.streams is ${events.streams}: one session can have no more ` +
      'streams than all together. Lower the first, or raise events.streams.',
  )
}

import { z } from 'zod'

const instant = z.iso.datetime()
const handle = z.string().regex(/^[\w-]{22}$/)

/** The start of the next page, or null at the end. */
const next = z.string().nullable()

export const nothing = z.strictObject({})
export const attributes = z.record(z.string(), z.string())
export const ended = z.strictObject({ ended: z.int() })
export const count = z.strictObject({ sessions: z.int() })

export const info = z.strictObject({
  uname: z.string(),
  fullname: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  handle,
  beganAt: instant,
  endsAt: instant,
  latestEndsAt: instant,
  freshUntil: instant,
  csrfProtection: z.boolean(),
  passwordChangeNeeded: z.boolean(),
  /** In bytes, except `attributes`, which is a number of attributes. */
  limits: z.strictObject({ key: z.int(), value: z.int(), attributes: z.int(), session: z.int() }),
})

const session = z.strictObject({
  handle,
  uname: z.string(),
  beganAt: instant,
  usedAt: instant,
  endsAt: instant,
  address: z.string(),
  userAgent: z.string(),
})
export const sessions = z.strictObject({ sessions: z.array(session), next })
export const ownSessions = z.strictObject({
  sessions: z.array(session.extend({ current: z.boolean() })),
  next,
})

export const user = z.strictObject({
  uname: z.string(),
  fullname: z.string(),
  email: z.string(),
  roles: z.array(z.string()),
  disabled: z.boolean(),
})
export const users = z.strictObject({ users: z.array(user), next })

/** The other fields of an event depend on its kind. */
export const events = z.strictObject({
  events: z.array(z.looseObject({ at: instant, event: z.string() })),
  next,
})

const curve = z.array(z.number().nullable())
export const overview = z.strictObject({
  nodes: z.array(z.strictObject({ name: z.string(), startedAt: instant, version: z.string() })),
  store: z.strictObject({
    kind: z.string(),
    up: z.boolean(),
    bytes: z.int().nullable(),
    sessions: z.int().nullable(),
    measuredAt: instant.nullable(),
  }),
  /** `step` is in seconds; each curve has one number per step. */
  series: z.object({ from: instant, step: z.number() }).catchall(curve),
})

/** `passwordChangeNeeded` is set if the user must choose a password first. */
export const loggedIn = z.strictObject({ passwordChangeNeeded: z.boolean().optional() })

export const health = z.strictObject({ status: z.string() })

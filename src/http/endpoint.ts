import type { z } from 'zod'
import { type Call, numberOf } from '../metrics/meter.ts'
import type { Token } from '../session/token.ts'
import type { ReadSession } from '../store/store.ts'
import type { Answer, App } from './app.ts'
import type { Ask } from './ask.ts'
import type { FirstPasswordRule } from './first-password.ts'
import type { Pair } from './form.ts'
import { requireAdmin, requireParams, requireSession, withLogin } from './guard.ts'
import { json } from './json.ts'
import type { JsonShape } from './json-body.ts'
import { orLogIn } from './page-guard.ts'
import { type ParamsSchema, parseParams, requireInBody, secretsOf } from './params.ts'

/**
 * What a request must prove before the code of an endpoint runs.
 * - `public`: nothing. Such an endpoint has no POST, so no change can be public.
 * - `entrance`: nothing. It begins or ends logins, and refuses other sites itself.
 * - `page`: a live session; without one the login page, which leads back.
 * - `read`: a live session, and on POST its CSRF token.
 * - `change`: the same, and on GET the CSRF token too, or one of our own pages.
 * - `admin read`, `admin change`: the same, and the role `admin`.
 */
export type Guard = 'public' | 'entrance' | 'page' | 'read' | 'change' | 'admin read' | 'admin change'

type Method = 'GET' | 'HEAD' | 'POST'

/** For what is only shown and never receives a form. */
export const GET_AND_HEAD = ['GET', 'HEAD'] as const

/** A request that presents a token, which may have no live session. */
export interface TokenCall {
  readonly ask: Ask
  readonly app: App
  readonly token: Token
  /** The parameters as they came. */
  readonly pairs: readonly Pair[]
}

/** A request with a live session. */
export interface SessionCall<P = unknown> extends TokenCall {
  readonly session: ReadSession
  /** The parameters after validation. */
  readonly params: P
}

/** The response to a call with a session. An object is sent as JSON. */
type Result = Response | object

interface Named {
  readonly path: string
  /** The kind under which metrics count its requests. */
  readonly counts: Call
  /** One sentence for developers of clients. */
  readonly does?: string
  /** The shape of the response, for developers of clients. Tests compare it with what is sent. */
  readonly answer?: z.ZodType
  /** The media type of a response that is not JSON. */
  readonly sends?: string
  /** Parameters that the endpoint reads itself, for developers of clients. */
  readonly reads?: z.ZodType
  readonly isOpenToFirstPassword?: FirstPasswordRule | undefined
}

interface Public extends Named {
  readonly guard: 'public'
  readonly methods: readonly Exclude<Method, 'POST'>[]
  readonly handle: Answer
}

interface Entrance extends Named {
  readonly guard: 'entrance'
  readonly methods: readonly Method[]
  readonly handle: Answer
}

/** Acts on the token in one store call: `act` resolves with null if the token has no live session. */
interface OfToken extends Named {
  readonly guard: 'read' | 'change'
  readonly methods: readonly Method[]
  readonly shape: JsonShape
  act(call: TokenCall): Promise<Response | null>
}

interface OfSession<P extends ParamsSchema> extends Named {
  readonly guard: 'read' | 'change' | 'admin read' | 'admin change'
  readonly methods: readonly Method[]
  /** Absent: all parameters are ignored. */
  readonly params?: P
  handle(call: SessionCall<z.output<P>>): Result | Promise<Result>
}

/** A page. The API call that receives its form reads the form's fields. */
interface OfPage extends Named {
  readonly guard: 'page'
  readonly methods: readonly Method[]
  handle(call: SessionCall): Promise<Response>
}

type Definition<P extends ParamsSchema> = Public | Entrance | OfPage | OfToken | OfSession<P>

/** A path, its guard and its handler. */
export interface Endpoint extends Named {
  readonly guard: Guard
  readonly methods: readonly string[]
  readonly params: z.ZodType | null
  /** The index of its kind in the meter. */
  readonly call: number
  /** Answers a request that passed the guard, or throws a `Refusal`. */
  readonly respond: Answer
}

/** Builds one entry of the table. The guard runs before any code of the endpoint. */
export function endpoint<P extends ParamsSchema>(definition: Definition<P>): Endpoint {
  return {
    ...definition,
    params: ('params' in definition ? definition.params : definition.reads) ?? null,
    call: numberOf(definition.counts),
    respond: respondBy(definition),
  }
}

function respondBy<P extends ParamsSchema>(definition: Definition<P>): Answer {
  if ('act' in definition) return respondToToken(definition)
  if (definition.guard === 'public' || definition.guard === 'entrance') return definition.handle
  if (definition.guard === 'page') return respondWithPage(definition)
  return respondToSession(definition)
}

function respondToToken({ guard: kind, shape, act, isOpenToFirstPassword }: OfToken): Answer {
  return async (ask, app) => {
    const pairs = await requireParams(ask, app, shape)
    return withLogin(ask, app, { kind, pairs, isOpenToFirstPassword }, (token) =>
      act({ ask, app, token, pairs }),
    )
  }
}

const respondWithPage =
  ({ handle, isOpenToFirstPassword }: OfPage): Answer =>
  (ask, app) =>
    orLogIn(ask, async () => {
      const pairs = await requireParams(ask, app, 'fields')
      const login = await requireSession(ask, app, { kind: 'read', pairs, isOpenToFirstPassword })
      return handle({ ask, app, pairs, params: {}, ...login })
    })

function respondToSession<P extends ParamsSchema>(definition: OfSession<P>): Answer {
  const { guard, params: schema, isOpenToFirstPassword } = definition
  const kind = guard === 'read' || guard === 'admin read' ? 'read' : 'change'
  const requireLogin = guard === 'read' || guard === 'change' ? requireSession : requireAdmin
  const secrets = schema === undefined ? [] : secretsOf(schema)
  return async (ask, app) => {
    const pairs = await requireParams(ask, app, 'fields')
    const login = await requireLogin(ask, app, { kind, pairs, isOpenToFirstPassword })
    requireInBody(ask, secrets)
    const params = (schema === undefined ? {} : parseParams(schema, pairs)) as z.output<P>
    const result = await definition.handle({ ask, app, pairs, params, ...login })
    return result instanceof Response ? result : json(result)
  }
}

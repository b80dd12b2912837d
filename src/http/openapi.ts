import { z } from 'zod'
import pkg from '../../package.json' with { type: 'json' }
import { CSRF_TOKEN } from '../session/limits.ts'
import type { Endpoint } from './endpoint.ts'
import { problemCodes, statusOf } from './problem.ts'

type Json = Readonly<Record<string, unknown>>

/**
 * Returns the alternatives that a request must bring. A login can turn the CSRF token off; then it is not
 * checked.
 */
function securityOf({ guard }: Endpoint, method: string): readonly Json[] {
  if (guard === 'public' || guard === 'entrance') return []
  const isRead = guard === 'page' || guard === 'read' || guard === 'admin read'
  return isRead && method !== 'POST' ? [{ session: [] }] : [{ session: [], csrfToken: [] }, { session: [] }]
}

/**
 * Returns the API as an OpenAPI 3.1 document, made from the endpoints that describe themselves. Its schemas
 * are those that validate requests and that tests compare responses with.
 */
export function openApiOf(endpoints: Iterable<Endpoint>, cookieName: string): Json {
  const described = [...endpoints].filter(({ does }) => does !== undefined)
  return {
    openapi: '3.1.0',
    info: {
      title: 'Cloakroom',
      version: pkg.version,
      summary:
        'A session server: programs keep what belongs to a login on it, and end it at once, everywhere.',
      description:
        'Calls of the API answer at three paths with one meaning: as they stand here, and under /api/1 and /api/2.',
    },
    servers: [{ url: '/' }],
    paths: Object.fromEntries(described.map((each) => [each.path, pathItemOf(each)])),
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: cookieName },
        csrfToken: { type: 'apiKey', in: 'header', name: CSRF_TOKEN },
      },
      schemas: { Problem: PROBLEM },
      responses: {
        Problem: {
          description: 'What is wrong, and what to do about it (RFC 9457).',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  }
}

const PROBLEM: Json = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'error'],
  properties: {
    type: { type: 'string', description: '`urn:cloakroom:problem:` and the code' },
    title: { type: 'string' },
    status: { type: 'integer', enum: [...new Set(problemCodes.map(statusOf))].sort((a, b) => a - b) },
    detail: { type: 'string', description: 'For people; not to be parsed.' },
    code: { enum: problemCodes, description: 'For programs.' },
    error: { type: 'string', description: 'As `detail`.' },
    reason: { type: 'string', description: 'Which of several reasons for one code it was.' },
    requestId: { type: 'string', description: 'Leads to the line in the log.' },
  },
}

const pathItemOf = (endpoint: Endpoint): Json =>
  Object.fromEntries(
    endpoint.methods.map((method) => [method.toLowerCase(), operationOf(endpoint, method)] as const),
  )

function operationOf(endpoint: Endpoint, method: string): Json {
  const { path, does, params, answer, sends } = endpoint
  const schema = params === null ? null : schemaOf(params, 'input')
  return {
    operationId: operationIdOf(path, method),
    summary: does,
    security: securityOf(endpoint, method),
    ...(schema === null || method === 'POST' ? {} : { parameters: parametersOf(schema) }),
    ...(schema === null || method !== 'POST' ? {} : { requestBody: bodyOf(schema) }),
    responses: {
      ...(answer === undefined && sends === undefined
        ? { 302: { description: 'It leads on, by `Location`.' } }
        : { 200: { description: 'It is done.', content: contentOf(answer, sends) } }),
      default: { $ref: '#/components/responses/Problem' },
    },
  }
}

/** Returns `postSessionPut` for a POST to `/session/put`. */
const operationIdOf = (path: string, method: string): string =>
  method.toLowerCase() +
  path
    .split(/[^A-Za-z]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('')

const contentOf = (answer: z.ZodType | undefined, sends = 'application/json'): Json => ({
  [sends]: { schema: answer === undefined ? { type: 'string' } : schemaOf(answer, 'output') },
})

const schemaOf = (schema: z.ZodType, io: 'input' | 'output'): Json => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any' })
  return rest
}

/** Returns the parameters of a query. A schema without known names accepts any; each is a key. */
function parametersOf(schema: Json): readonly Json[] {
  const { properties, required = [] } = schema as {
    properties?: Record<string, Json>
    required?: readonly string[]
  }
  if (properties === undefined)
    return [{ name: 'attributes', in: 'query', style: 'form', explode: true, schema }]
  return Object.entries(properties)
    .filter(([, property]) => property['writeOnly'] !== true)
    .map(([name, property]) => ({ name, in: 'query', required: required.includes(name), schema: property }))
}

const bodyOf = (schema: Json): Json => ({
  required: ((schema['required'] as readonly string[] | undefined) ?? []).length > 0,
  content: {
    'application/x-www-form-urlencoded': { schema },
    'application/json': { schema },
  },
})

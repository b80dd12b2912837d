import { expect, test } from 'bun:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { routes } from '../../src/http/routes.ts'
import { startServer } from '../support/server.ts'

interface Parameter {
  readonly name: string
  readonly schema: { readonly writeOnly?: boolean }
}

interface Operation {
  readonly operationId: string
  readonly security: readonly Record<string, unknown>[]
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Record<string, { schema: { properties?: object } }> }
}

interface Document {
  readonly openapi: string
  readonly paths: Record<string, Record<string, Operation>>
  readonly components: { readonly securitySchemes: { readonly session: { readonly name: string } } }
}

async function readDocument(toml = ''): Promise<Document> {
  await using server = await startServer({ toml })
  // For everybody, also twice.
  expect((await fetch(`${server.url}/openapi.json`)).status).toBe(200)
  const answer = await fetch(`${server.url}/openapi.json`)
  expect(answer.headers.get('content-type')).toBe('application/json')
  return (await answer.json()) as Document
}

test('openapi.json is valid, and has every call of the API with each of its methods', async () => {
  const document = await readDocument()
  const { valid, errors } = await new Validator().validate(structuredClone({ ...document }))
  expect({ valid, errors }).toEqual({ valid: true, errors: undefined })
  expect(document.openapi).toBe('3.1.0')
  const calls = [...new Set(routes.values())].filter(({ path }) =>
    /^\/(session|user|admin)\/|^\/(healthz|readyz|z_security_check|login\/logout\.csp)$/.test(path),
  )
  expect(calls.length).toBeGreaterThan(20)
  const documented = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => `${method.toUpperCase()} ${path}`),
  )
  expect(documented.sort()).toEqual(
    calls.flatMap(({ path, methods }) => methods.map((method) => `${method} ${path}`)).sort(),
  )
  const ids = Object.values(document.paths).flatMap((item) =>
    Object.values(item).map(({ operationId }) => operationId),
  )
  expect(new Set(ids).size).toBe(ids.length)
})

test('openapi.json says of every call what it takes to be let in, and keeps passwords out of URLs', async () => {
  const { paths } = await readDocument()
  const open: string[] = []
  for (const [path, item] of Object.entries(paths)) {
    for (const [method, { security, parameters = [] }] of Object.entries(item)) {
      if (security.length === 0) open.push(path)
      const hasToken = security.some((each) => 'csrfToken' in each)
      if (security.length > 0 && method === 'post') expect([path, hasToken]).toEqual([path, true])
      for (const { name } of parameters) expect(name).not.toMatch(/password|^old$|^new$/)
    }
  }
  expect([...new Set(open)].sort()).toEqual(['/healthz', '/login/logout.csp', '/readyz', '/z_security_check'])
  const changes = paths['/session/put']?.['get']?.security ?? []
  expect(changes.some((each) => 'csrfToken' in each)).toBe(true)
  expect(paths['/session/get']?.['get']?.security).toEqual([{ session: [] }])
  const form = paths['/user/password']?.['post']?.requestBody?.content['application/x-www-form-urlencoded']
  expect(Object.keys(form?.schema.properties ?? {})).toEqual(['old', 'new'])
})

test('openapi.json names the cookie as the settings do', async () => {
  const { components } = await readDocument('[cookie]\nname = "sid"\n')
  expect(components.securitySchemes.session.name).toBe('sid')
})

import { api } from './api.ts'
import { type Endpoint, endpoint, GET_AND_HEAD } from './endpoint.ts'
import { json } from './json.ts'
import { openApiOf } from './openapi.ts'
import { pages } from './pages.ts'

/** The prefixes of M/Monit's API. A call means the same under each. */
const API_PREFIXES = ['', '/api/1', '/api/2']

/** Documents by the cookie's name, made on first use. */
const documents = new Map<string, Response>()

/** The API description for client generators; the same for everybody. */
const openApi = endpoint({
  path: '/openapi.json',
  guard: 'public',
  methods: GET_AND_HEAD,
  counts: 'page',
  handle(_ask, { cookie: { name } }) {
    const document = documents.get(name) ?? json(openApiOf([...Object.values(api), ...pages], name))
    documents.set(name, document)
    return document.clone()
  },
})

const paths = [
  ...Object.values(api).flatMap((each) => API_PREFIXES.map((prefix) => [prefix + each.path, each] as const)),
  ...[...pages, openApi].map((each) => [each.path, each] as const),
]

/** Every path that the server serves. */
export const routes: ReadonlyMap<string, Endpoint> = new Map(paths)

import { api } from './api.ts'
import type { Endpoint } from './endpoint.ts'
import { pages } from './pages.ts'

/** The prefixes of M/Monit's API, under which each call has one meaning. */
const API_PREFIXES = ['', '/api/1', '/api/2']

const paths = [
  ...Object.values(api).flatMap((each) => API_PREFIXES.map((prefix) => [prefix + each.path, each] as const)),
  ...pages.map((each) => [each.path, each] as const),
]

/** Every path that the server answers. */
export const routes: ReadonlyMap<string, Endpoint> = new Map(paths)

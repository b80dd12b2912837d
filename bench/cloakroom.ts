import { join, resolve } from 'node:path'
import { csrfTokenOf } from '../src/session/token.ts'
import { type Contender, type Target, type Work, WRITTEN } from './contender.ts'
import { rawRequest } from './load.ts'
import { startChild } from './process.ts'
import { seed } from './seed.ts'
import { ATTRIBUTES, keyOf, type RecordOf, tokenOf, writeRecords } from './sessions.ts'
import type { Shared } from './shared.ts'

export const MAIN = resolve(import.meta.dir, '../src/cli/main.ts')

/**
 * Cloakroom as its users start it, with all checks: the sessions have CSRF protection, and every write
 * carries the token.
 */
export const cloakroom: Contender = {
  name: 'Cloakroom',
  missing: () => null,
  async start({ folder, count }) {
    const data = join(folder, 'data')
    await seed(data, { count, attributes: ATTRIBUTES })
    return startCloakroom({ folder, data, count })
  },
}

/**
 * All clients of the bench have one address. No contender stops waiting for its store, which can be slow on a
 * busy machine.
 */
const SETTINGS = `
[login]
user-attempts = 1000000
address-attempts = 1000000

[redis]
timeout = "10s"

[postgres]
timeout = "10s"
`

export const recordOf: RecordOf = (i) => [tokenOf(i), csrfTokenOf(tokenOf(i))]

const FORM = 'application/x-www-form-urlencoded'
const cookie = { Cookie: 'zsessionid={1}' }
const get = (...keys: readonly string[]) =>
  rawRequest(`GET /session/get?${keys.map((key) => `key=${key}`).join('&')}`, cookie)

/** The requests to Cloakroom, and to the floor. */
export const requests: Readonly<Record<Work, string>> = {
  one: get(keyOf(0)),
  ten: get(...Array.from({ length: 10 }, (_, k) => keyOf(k))),
  write: rawRequest(
    'POST /session/put',
    { ...cookie, CSRFToken: '{2}' },
    { type: FORM, text: `${WRITTEN}={n}` },
  ),
  written: get(WRITTEN),
}

export interface Data {
  /** For files of the bench. */
  readonly folder: string
  /** The data folder, with the sessions of the numbers from 0 on. */
  readonly data: string
  readonly count: number
  /** Where the data is kept, if not in a file in the data folder. */
  readonly shared?: Pick<Shared, 'url' | 'pid' | 'started'>
}

export interface Cloakroom extends Target {
  readonly pid: number
  readonly data: string
}

/** Starts the server on a data folder. */
export async function startCloakroom({ folder, data, count, shared }: Data): Promise<Cloakroom> {
  const config = join(folder, 'settings.toml')
  await Bun.write(config, SETTINGS)
  const records = await writeRecords(folder, count, recordOf)
  const child = startChild([
    process.execPath,
    MAIN,
    'serve',
    '--port',
    '0',
    '--data',
    data,
    '--config',
    config,
    ...(shared === undefined ? [] : ['--store', shared.url]),
  ])
  const [, port] = await child.said(/"event":"start".*"port":(\d+)/)
  return {
    name: cloakroom.name,
    port: Number(port),
    pid: child.pid,
    data,
    pids: shared === undefined ? [child.pid] : [child.pid, shared.pid],
    records,
    recordOf,
    requests,
    started: [
      ...(shared === undefined ? [] : [shared.started]),
      `cloakroom serve --port 0 --data DATA --config SETTINGS${shared === undefined ? '' : ' --store URL'} (the settings lift the throttling of logins, and the time within which a store has to answer)`,
    ],
    // It writes uses every 30 seconds, which must be measured too.
    worksLater: true,
    attributesIn: (answer) => JSON.parse(answer),
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  }
}

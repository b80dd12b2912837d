import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { root } from '../docs/markdown.ts'
import { describeWith, lackOf } from './installed.ts'
import { freePort } from './port.ts'
import { until } from './redis.ts'

/** The folder of the example under test. */
export const EXAMPLE = join(root, 'examples/prometheus')

/** Tests with a real Prometheus. */
export const describeWithPrometheus = (says: string, tests: () => void): void =>
  describeWith('Prometheus', lackOf(['prometheus', 'promtool']), says, tests)

/** Returns the exit code of `promtool` and all its output. */
export async function promtool(args: readonly string[], input = ''): Promise<{ code: number; said: string }> {
  const child = Bun.spawn(['promtool', ...args], {
    cwd: root,
    stdin: new TextEncoder().encode(input),
    stdout: 'pipe',
    stderr: 'pipe',
  })
  const [code, out, err] = await Promise.all([
    child.exited,
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ])
  return { code, said: out + err }
}

/** A real Prometheus on a free port of the loopback interface. */
export interface Prometheus extends AsyncDisposable {
  /** Returns the current time series of an expression. Throws on an invalid expression. */
  query(expression: string): Promise<readonly Series[]>
  /** Returns the names of the alerts that it knows. */
  alerts(): Promise<readonly string[]>
}

export interface Series {
  readonly metric: Readonly<Record<string, string>>
  readonly value: readonly [at: number, value: string]
}

/**
 * Starts Prometheus with the example's configuration, scraping this address every second. `await using` stops
 * it.
 */
export async function startPrometheus(target: string): Promise<Prometheus> {
  const folder = mkdtempSync(join(tmpdir(), 'cloakroom-prometheus-'))
  cpSync(EXAMPLE, folder, { recursive: true })
  const file = join(folder, 'prometheus.yml')
  const example = readFileSync(file, 'utf8')
  writeFileSync(file, example.replace('127.0.0.1:9464', target).replaceAll(': 15s', ': 1s'))
  const port = freePort()
  const child = Bun.spawn(
    [
      'prometheus',
      `--config.file=${file}`,
      `--storage.tsdb.path=${join(folder, 'data')}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { cwd: folder, stdout: 'ignore', stderr: Bun.file(join(folder, 'log')) },
  )
  const ask = async (path: string) => {
    const answer = (await (await fetch(`http://127.0.0.1:${port}/api/v1/${path}`)).json()) as Answer
    if (answer.status !== 'success') throw new Error(`${path}: ${answer.error}`)
    return answer.data
  }
  const end = async () => {
    child.kill('SIGKILL')
    await child.exited
    rmSync(folder, { recursive: true, force: true })
  }
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/-/ready`)).status === 200)
  } catch (cause) {
    const log = readFileSync(join(folder, 'log'), 'utf8')
    await end()
    throw new Error(`Prometheus has not come up: ${log}`, { cause })
  }
  return {
    query: async (expression) => (await ask(`query?query=${encodeURIComponent(expression)}`)).result,
    alerts: async () =>
      (await ask('rules?type=alert')).groups.flatMap(({ rules }) => rules.map(({ name }) => name)),
    [Symbol.asyncDispose]: end,
  }
}

interface Answer {
  readonly status: string
  readonly error?: string
  readonly data: {
    readonly result: readonly Series[]
    readonly groups: readonly { readonly rules: readonly { readonly name: string }[] }[]
  }
}

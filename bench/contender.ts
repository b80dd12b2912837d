import { type Load, sendOnce } from './load.ts'
import { attributesOf, keyOf, type RecordOf, type Records, valueAt } from './sessions.ts'

/** The work of each contender, by name. `written` reads back what `write` has put. */
export type Work = 'one' | 'ten' | 'write' | 'written'

/** The attribute that `write` puts, a number of twelve digits. */
export const WRITTEN = 'w'

/** What a contender is started with. */
export interface Setting {
  /** Its own existing folder. */
  readonly folder: string
  /** How many sessions it holds, each with `ATTRIBUTES` attributes. */
  readonly count: number
  /** Whether writes must be on disk before it answers. */
  readonly isDurable: boolean
}

/** A program, or several, that can do the work. */
export interface Contender {
  readonly name: string
  /** Returns what to install, or null: it can be started. */
  missing(): string | null
  start(setting: Setting): Promise<Target>
}

/** A running contender. */
export interface Target extends AsyncDisposable {
  readonly name: string
  readonly port: number
  /** All processes that do the work; their children count as well. */
  readonly pids: readonly number[]
  readonly records: Records
  readonly recordOf: RecordOf
  readonly requests: Readonly<Record<Work, string>>
  /** How it was started and with which settings, so that a reader can repeat it. */
  readonly started: readonly string[]
  /** Whether its work between the rounds is counted as well. */
  readonly worksLater: boolean
  /** Returns the attributes in a response; none without a session. */
  attributesIn(answer: string): Readonly<Record<string, unknown>>
}

export const loadOf = ({ port, records, requests }: Target, work: Work): Load => ({
  port,
  records,
  request: requests[work],
})

/**
 * Throws unless the contender answers correctly: for its sessions, for what was just written, and for no
 * session.
 */
export async function check(target: Target): Promise<void> {
  const ask = async (work: Work, i: number, number = '') =>
    sendOnce({ port: target.port, request: target.requests[work] }, target.recordOf(i), number)
  const tell = async (work: Work, i: number) => {
    const response = await ask(work, i)
    const text = await response.text()
    return response.ok ? target.attributesIn(text) : {}
  }
  const last = target.records.count - 1
  for (const i of [0, Math.floor(last / 2), last]) {
    const one = await tell('one', i)
    require(target, `one attribute of session ${i}`, one[keyOf(0)], valueAt(i, 0))
    const ten = await tell('ten', i)
    for (const [key, value] of attributesOf(i, 10))
      require(target, `ten attributes of session ${i}`, ten[key], value)
    const number = String(Math.floor(Math.random() * 1e12)).padStart(12, '0')
    const { ok, status } = await ask('write', i, number)
    if (!ok) throw new Error(`${target.name} answers ${status} to a write.`)
    require(target, `what was written to session ${i}`, (await tell('written', i))[WRITTEN], number)
  }
  // A token of the same form without a session.
  require(target, 'no session', (await tell('one', target.records.count + 1))[keyOf(0)], undefined)
}

function require(target: Target, what: string, told: unknown, right: unknown): void {
  if (told !== right) throw new Error(`${target.name}, asked for ${what}, says ${told} and not ${right}.`)
}

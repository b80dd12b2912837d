import { ask } from './wire.ts'

/** A session as its client knows it: what was sent, and what was answered and so must never be lost. */
export interface Kept {
  readonly cookie: string
  /** The counter of the last put that was sent, and of the last that was answered with 200. */
  sent: number
  answered: number
  /** Whether its end was requested, and answered. */
  end: 'none' | 'sent' | 'answered'
}

/** What a server has lost or invented. */
export interface Damage {
  /** Answered writes, including sessions, that are missing. */
  lost: number
  /** Puts of which only a part is there. */
  half: number
  /** Sessions that live although their end was answered. */
  revived: number
}

export const newKept = (cookie: string): Kept => ({ cookie, sent: 0, answered: 0, end: 'none' })

/**
 * Returns the attributes of the put with this counter. They belong together; every fiftieth fills several
 * pages of the file.
 */
export function attributesOf(counter: number): Readonly<Record<string, string>> {
  const filling = 'x'.repeat(counter % 50 === 0 ? 20_000 : (counter * 37) % 600)
  return { first: String(counter), middle: `${counter}:${filling}`, last: `${counter}` }
}

/**
 * Returns the counter of a session's put, or 0 for none. Null: its attributes are from different puts, or
 * from none that was sent.
 */
export function counterOf(found: Readonly<Record<string, string>>): number | null {
  if (Object.keys(found).length === 0) return 0
  const counter = Number(found['first'])
  return Bun.deepEquals(found, attributesOf(counter)) ? counter : null
}

/** Compares a session on the server with what was answered before, and continues from what is there. */
export async function judge(url: string, kept: Kept): Promise<Damage> {
  const answer = await ask(url, '/session/get', kept.cookie)
  const damage: Damage = { lost: 0, half: 0, revived: 0 }
  if (answer.status === 401) {
    if (kept.end === 'none') damage.lost = 1
    kept.end = 'answered'
    return damage
  }
  if (answer.status !== 200) throw new Error(`A read was answered with ${answer.status}.`)
  if (kept.end === 'answered') damage.revived = 1
  kept.end = 'none'
  const counter = counterOf((await answer.json()) as Record<string, string>)
  if (counter === null) damage.half = 1
  else if (counter < kept.answered || counter > kept.sent) damage.lost = 1
  kept.answered = counter ?? kept.answered
  kept.sent = kept.answered
  return damage
}

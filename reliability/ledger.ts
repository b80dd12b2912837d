import { ask } from './wire.ts'

/** A session as its client knows it: what was sent, and what of it was answered and so must never be lost. */
export interface Kept {
  readonly cookie: string
  /** The counter in the last put that was sent, and in the last one that was answered with 200. */
  sent: number
  answered: number
  /** Whether its end was asked for, and answered. */
  end: 'none' | 'sent' | 'answered'
}

/** What a server turned out to have forgotten or made up. */
export interface Damage {
  /** Answered writes, sessions among them, that are not there. */
  lost: number
  /** Puts of which only a part is there. */
  half: number
  /** Sessions that live although their end was answered. */
  revived: number
}

export const newKept = (cookie: string): Kept => ({ cookie, sent: 0, answered: 0, end: 'none' })

/** The attributes of the put with this counter. They belong together; every fiftieth fills several pages of the file. */
export function attributesOf(counter: number): Readonly<Record<string, string>> {
  const filling = 'x'.repeat(counter % 50 === 0 ? 20_000 : (counter * 37) % 600)
  return { first: String(counter), middle: `${counter}:${filling}`, last: `${counter}` }
}

/** The counter of the put that a session has, 0 for none; null: its attributes are of different puts, or of none that there was. */
export function counterOf(found: Readonly<Record<string, string>>): number | null {
  if (Object.keys(found).length === 0) return 0
  const counter = Number(found['first'])
  return Bun.deepEquals(found, attributesOf(counter)) ? counter : null
}

/** Compares what a server says of a session with what was answered before, and goes on from what is there. */
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

import { Database } from 'bun:sqlite'
import { BUSY_TIMEOUT } from './busy.ts'
import { eventReads } from './event-reads.ts'
import { sentenceOf } from './sentences.ts'
import { newCount } from './session-count.ts'
import { newSessionLists } from './session-lists.ts'

/**
 * The thread for reads that may take long: each message is a `Question`, each answer an `Answered`, in the same order. It opens the file for
 * each of them, and so keeps nothing from being closed, folded or moved in between.
 */
declare const self: Worker

/** What can be asked, by name. */
export type Questions = ReturnType<typeof newQuestions>

export interface Question {
  readonly path: string
  readonly name: keyof Questions
  readonly args: readonly unknown[]
}

export type Answered = { readonly result: unknown } | { readonly failed: string }

const newQuestions = (db: Database) => ({
  countSessions: newCount(db),
  listSessions: newSessionLists(db),
  ...eventReads(db),
})

function answer({ path, name, args }: Question): unknown {
  const db = new Database(path, { readonly: true, strict: true })
  try {
    db.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT}`)
    const questions = newQuestions(db) as Record<keyof Questions, (...args: readonly unknown[]) => unknown>
    // At one instant, however many statements it takes.
    return db.transaction(() => questions[name](...args))()
  } finally {
    db.close()
  }
}

self.onmessage = ({ data }: MessageEvent<Question>) => {
  let answered: Answered
  try {
    answered = { result: answer(data) }
  } catch (error) {
    answered = { failed: sentenceOf(error, data.path) }
  }
  self.postMessage(answered)
}

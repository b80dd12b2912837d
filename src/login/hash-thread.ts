import { readlinkSync } from 'node:fs'
import { setPriority } from 'node:os'
import { parentPort } from 'node:worker_threads'
import type { Said, Work } from './hash-threads.ts'

/** Processor time goes to threads of this niceness when the others leave some, and a tenth of it when they do not. */
const NICENESS = 10

function stepBack(): void {
  // Only Linux has threads of different priority, and tells a thread its number.
  if (process.platform !== 'linux') return
  try {
    setPriority(Number(readlinkSync('/proc/thread-self').split('/').at(-1)), NICENESS)
  } catch {
    // Where that is forbidden, as in some containers, hashing goes on like everything else.
  }
}

function answer(work: Work): Said {
  try {
    return {
      result:
        'cost' in work
          ? Bun.password.hashSync(work.password, { algorithm: 'argon2id', ...work.cost })
          : Bun.password.verifySync(work.password, work.hash),
    }
  } catch (error) {
    return { failed: String(error) }
  }
}

// One after the other, and behind those who answer requests.
stepBack()
parentPort?.on('message', (work: Work) => parentPort?.postMessage(answer(work)))

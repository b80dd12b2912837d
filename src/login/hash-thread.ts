import { parentPort } from 'node:worker_threads'
import { POLITE, stepBack } from '../priority.ts'
import type { Said, Work } from './hash-threads.ts'

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

// Hashes one password after another, at a slightly lower priority than the threads that answer requests.
stepBack(POLITE)
parentPort?.on('message', (work: Work) => parentPort?.postMessage(answer(work)))

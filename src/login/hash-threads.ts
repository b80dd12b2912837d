import { Worker } from 'node:worker_threads'
import { Refusal } from '../errors.ts'
import { hasRoomForThreads } from '../threads.ts'

/** The cost of a hash: memory in KiB, and passes over it. */
export interface PasswordCost {
  readonly memoryCost: number
  readonly timeCost: number
}

/** A request to a thread: hash or verify. */
export type Work =
  | { readonly password: string; readonly cost: PasswordCost }
  | { readonly password: string; readonly hash: string }

export type Said = { readonly result: string | boolean } | { readonly failed: string }

/**
 * Low-priority threads that hash passwords. Bun's own pool could do it, but then a storm of logins would take
 * processor time from users who are logged in. Threads are created on demand and kept; they do not keep the
 * process alive. When a thread ends, its pending work rejects and another thread replaces it.
 */
export class HashThreads {
  readonly #idle: Worker[] = []
  /** Threads that may not have opened their files yet. */
  readonly #beginning = new Set<Worker>()

  hash(password: string, cost: PasswordCost): Promise<string> {
    return this.#ask({ password, cost }) as Promise<string>
  }

  verify(password: string, hash: string): Promise<boolean> {
    return this.#ask({ password, hash }) as Promise<boolean>
  }

  #ask(work: Work): Promise<string | boolean> {
    const thread = this.#idle.pop() ?? this.#start()
    thread.ref()
    return new Promise((resolve, reject) => {
      const lose = (why: unknown) => reject(new Error('A thread that hashes has ended.', { cause: why }))
      thread.once('error', lose)
      // A thread may also end without an error; its work would otherwise never settle.
      thread.once('exit', lose)
      thread.once('message', (said: Said) => {
        thread.removeListener('error', lose)
        thread.removeListener('exit', lose)
        thread.unref()
        this.#idle.push(thread)
        if ('result' in said) resolve(said.result)
        else reject(new Error(said.failed))
      })
      thread.postMessage(work)
    })
  }

  /** Throws if there is no room for another thread. */
  #start(): Worker {
    if (!hasRoomForThreads(this.#beginning.size + 1))
      throw new Refusal(
        'busy',
        'This server has more connections than it has room for. Try again in a few seconds.',
        5,
      )
    const thread = new Worker(new URL('./hash-thread.ts', import.meta.url))
    this.#beginning.add(thread)
    thread.once('online', () => this.#beginning.delete(thread))
    // A thread that ends while idle is not used again.
    thread.once('exit', () => {
      this.#beginning.delete(thread)
      const at = this.#idle.indexOf(thread)
      if (at !== -1) this.#idle.splice(at, 1)
    })
    return thread
  }
}

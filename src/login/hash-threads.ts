import { Worker } from 'node:worker_threads'
import { Refusal } from '../errors.ts'
import { hasRoomForThreads } from '../threads.ts'

/** What a hash costs: KiB of memory, and passes over it. */
export interface PasswordCost {
  readonly memoryCost: number
  readonly timeCost: number
}

/** What a thread is asked for: to hash, or to verify. */
export type Work =
  | { readonly password: string; readonly cost: PasswordCost }
  | { readonly password: string; readonly hash: string }

export type Said = { readonly result: string | boolean } | { readonly failed: string }

/**
 * Threads of low priority that hash passwords. Bun's own pool would do it as well, but a storm of logins would then take its share of the
 * processor from those who are logged in. As many threads as were ever needed at once; they do not keep the process from ending. What a thread
 * was asked for is rejected when it ends, and another one takes its place.
 */
export class HashThreads {
  readonly #idle: Worker[] = []
  /** Those that may not yet have opened what they need. */
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
      // It may end without an error as well, and would be waited for, for ever.
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

  /** Refuses where there is no room for another one. */
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
    // One that ends while it has nothing to do is not asked again.
    thread.once('exit', () => {
      this.#beginning.delete(thread)
      const at = this.#idle.indexOf(thread)
      if (at !== -1) this.#idle.splice(at, 1)
    })
    return thread
  }
}

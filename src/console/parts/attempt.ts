import { useState } from 'preact/hooks'
import { Problem } from '../../client/cloakroom.js'
import { useSurroundings } from '../context.ts'

/** If the page is still there after this many milliseconds, it was not left. */
const LEAVING_MS = 5_000

let isLeft = false

/** Call it once. A page that is being left, as by a logout, does not redirect when its session ends. */
export function watchLeaving(): void {
  addEventListener('beforeunload', () => {
    isLeft = true
    setTimeout(() => {
      isLeft = false
    }, LEAVING_MS)
  })
}

/**
 * Reloads this page. If the session has ended, the server responds with the login page, which leads back
 * here.
 */
export function leave(): void {
  if (!isLeft) location.assign(location.pathname + location.search)
}

/** A change. If the server requires the user's own password, it is called again with it. */
export type Act = (yourPassword: string | undefined) => Promise<unknown>

/** A request to the server: whether it is running, and what went wrong the last time. */
export interface Attempt {
  readonly busy: boolean
  readonly problem: Problem | null
  /** Resolves with whether it was done. Asks the user for the password if the server requires it. */
  run(act: Act): Promise<boolean>
}

export function useAttempt(): Attempt {
  const { prove } = useSurroundings()
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  return {
    busy,
    problem,
    async run(act) {
      setBusy(true)
      setProblem(null)
      try {
        return await prove(act)
      } catch (error) {
        const problem = problemFrom(error)
        if (problem.code === 'not_logged_in') leave()
        setProblem(problem)
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}

/** Returns the problem to show for any error. An unexpected error is a fault of the page. */
export function problemFrom(error: unknown): Problem {
  if (error instanceof Problem) return error
  const what = error instanceof Error ? error.message : String(error)
  return new Problem('page_failed', `Something on this page failed (${what}). Reload it and try again.`, {
    cause: error,
  })
}

import { useState } from 'preact/hooks'
import { Problem } from '../../client/cloakroom.js'

/** Milliseconds after which a page that was about to be left is still there, and so was not left. */
const LEAVING = 5_000

let isLeft = false

/** To be called once: whoever has left already, such as by logging out, is not led elsewhere when the session ends. */
export function watchLeaving(): void {
  addEventListener('beforeunload', () => {
    isLeft = true
    setTimeout(() => {
      isLeft = false
    }, LEAVING)
  })
}

/** Asks for this page anew. Where the session has ended, the server answers with the login page, which leads back here. */
export function leave(): void {
  if (!isLeft) location.assign(location.pathname + location.search)
}

/** Something that is asked of the server: whether it is under way, and what went wrong the last time. */
export interface Attempt {
  readonly busy: boolean
  readonly problem: Problem | null
  /** Resolves with whether it was done. */
  run(act: () => Promise<unknown>): Promise<boolean>
}

export function useAttempt(): Attempt {
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<Problem | null>(null)
  return {
    busy,
    problem,
    async run(act) {
      setBusy(true)
      setProblem(null)
      try {
        await act()
        return true
      } catch (error) {
        if (!(error instanceof Problem)) throw error
        if (error.code === 'not_logged_in') leave()
        setProblem(error)
        return false
      } finally {
        setBusy(false)
      }
    },
  }
}

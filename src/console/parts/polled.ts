import { useCallback, useEffect, useState } from 'preact/hooks'
import { spread } from '../spread.ts'
import { leave, problemFrom } from './attempt.ts'

/** Milliseconds between two polls while the page is visible; up to a fifth more. */
const PERIOD_MS = 10_000

/**
 * Returns the latest value: first as it came with the page, then what `ask` resolves with, every ten seconds
 * while the page is visible, and when it becomes visible again. Also returns a function that polls at once,
 * and why the last poll failed, if it did. `join` combines the previous value with the new one. `ask` and
 * `join` are those of the first render.
 */
export function usePolled<T>(
  given: T,
  ask: () => Promise<T>,
  join: (before: T, after: T) => T = (_, after) => after,
): readonly [value: T, refresh: () => Promise<void>, trouble: string | null] {
  const [value, setValue] = useState(given)
  const [trouble, setTrouble] = useState<string | null>(null)
  const refresh = useCallback(async () => {
    try {
      const after = await ask()
      setValue((before) => join(before, after))
      setTrouble(null)
    } catch (error) {
      const { code, message } = problemFrom(error)
      if (code === 'not_logged_in') leave()
      setTrouble(`This may be out of date. ${message}`)
    }
  }, [])
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') void refresh()
    }
    const timer = setInterval(look, spread(PERIOD_MS, 0.2))
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [refresh])
  return [value, refresh, trouble]
}

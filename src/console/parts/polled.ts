import { useCallback, useEffect, useState } from 'preact/hooks'
import { Problem } from '../../client/cloakroom.js'
import { spread } from '../spread.ts'
import { leave } from './attempt.ts'

/** Milliseconds between two looks while somebody sees the page; up to a fifth more. */
const PERIOD = 10_000

/**
 * What the server told last: as the page came with it, and then as `ask` answers, every ten seconds as long as the page is seen, and when
 * it is seen again. With it, a way to ask at once, and why the last answer is missing, if it is. `join` makes one of what was known and
 * what is told. `ask` and `join` are those of the first drawing.
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
      if (!(error instanceof Problem)) throw error
      if (error.code === 'not_logged_in') leave()
      setTrouble(`This may be out of date. ${error.message}`)
    }
  }, [])
  useEffect(() => {
    const look = () => {
      if (document.visibilityState === 'visible') void refresh()
    }
    const timer = setInterval(look, spread(PERIOD, 0.2))
    document.addEventListener('visibilitychange', look)
    return () => {
      clearInterval(timer)
      document.removeEventListener('visibilitychange', look)
    }
  }, [refresh])
  return [value, refresh, trouble]
}

import { createContext } from 'preact'
import { useContext } from 'preact/hooks'
import type { Cloakroom } from '../client/cloakroom.js'
import type { Info } from '../client/types.js'
import type { Live } from './live.ts'
import type { Act } from './parts/attempt.ts'

/** What every part of a page can use. */
export interface Surroundings {
  readonly me: Info
  /**
   * Null: the session has no CSRF protection. For forms that work without scripts; the client gets the token
   * itself.
   */
  readonly csrfToken: string | null
  readonly cloakroom: Cloakroom
  readonly live: Live
  /**
   * Milliseconds since the epoch. Null until the script runs, since the server does not know the reader's
   * clock or time zone.
   */
  readonly now: number | null
  /** Shows that something was done, with an undo button where there is a way back. */
  notify(text: string, undo?: () => Promise<unknown>): void
  /**
   * Runs an act that may need the user's own password, and asks for it if so. Resolves with false if the user
   * cancels.
   */
  prove(act: Act): Promise<boolean>
}

export const SurroundingsContext = createContext<Surroundings | null>(null)

export function useSurroundings(): Surroundings {
  const surroundings = useContext(SurroundingsContext)
  if (surroundings === null) throw new Error('There is no page around this part.')
  return surroundings
}

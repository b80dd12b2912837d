/** @jsxImportSource preact */
import type { Problem } from '../../client/cloakroom.js'
import { leave } from './attempt.ts'

interface TroubleProps {
  readonly text?: string | null
  readonly problem?: Problem | null
}

/**
 * Announces a problem at once; shows nothing if there is none. For a fault of the page it adds a reload
 * button.
 */
export function Trouble({ text, problem }: TroubleProps) {
  const said = text ?? problem?.message
  if (said === undefined) return null
  return (
    <p class="bad" role="alert">
      {said}
      {problem?.requestId && <small> Request id: {problem.requestId}</small>}
      {problem?.code === 'page_failed' && (
        <button type="button" class="plain" onClick={leave}>
          Reload
        </button>
      )}
    </p>
  )
}

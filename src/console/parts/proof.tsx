/** @jsxImportSource preact */
import { useSurroundings } from '../context.ts'

/** The CSRF token in a form that works without scripts. */
export function Proof() {
  const { csrfToken } = useSurroundings()
  return csrfToken === null ? null : <input type="hidden" name="CSRFToken" value={csrfToken} />
}

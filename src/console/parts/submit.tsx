/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'

interface SubmitProps {
  /** Whether what it asks for is under way. */
  readonly busy: boolean
  readonly kind?: 'danger'
  readonly children: ComponentChildren
}

/** The button that sends a form, once at a time. */
export const Submit = ({ busy, kind, children }: SubmitProps) => (
  <button class={kind} disabled={busy}>
    {busy ? 'One moment…' : children}
  </button>
)

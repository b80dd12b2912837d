/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'

interface SubmitProps {
  /** Whether the form's request is running. */
  readonly busy: boolean
  readonly kind?: 'danger'
  readonly children: ComponentChildren
}

/** A submit button that sends the form only once at a time. */
export const Submit = ({ busy, kind, children }: SubmitProps) => (
  <button class={kind} disabled={busy}>
    {busy ? 'One moment…' : children}
  </button>
)

/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { type Act, useAttempt } from './attempt.ts'
import { Dialog } from './dialog.tsx'
import { Submit } from './submit.tsx'
import { TextField } from './text-field.tsx'
import { Trouble } from './trouble.tsx'

interface ConfirmProps {
  readonly title: string
  /** What the button does, as a verb and its object. */
  readonly action: string
  /** What the user must type first, for what nobody can undo. */
  readonly typed?: string
  /** Does it. The dialog closes afterwards, or shows what went wrong. */
  readonly onConfirm: Act
  onClose(): void
  readonly children: ComponentChildren
}

/** Asks before something that cannot be undone. */
export function Confirm({ title, action, typed, onConfirm, onClose, children }: ConfirmProps) {
  const { busy, problem, run } = useAttempt()
  const [text, setText] = useState('')
  const [isWrong, setIsWrong] = useState(false)
  const confirm = async (event: Event) => {
    event.preventDefault()
    const differs = typed !== undefined && text !== typed
    setIsWrong(differs)
    if (!differs && (await run(onConfirm))) onClose()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={confirm}>
        <div class="text">{children}</div>
        {typed !== undefined && (
          <TextField label={`Type “${typed}” to confirm`} value={text} onValue={setText} required />
        )}
        <Trouble text={isWrong ? `That is not “${typed}”.` : null} problem={problem} />
        <p class="row end">
          <button type="button" class="plain" onClick={onClose}>
            Cancel
          </button>
          <Submit busy={busy} kind="danger">
            {action}
          </Submit>
        </p>
      </form>
    </Dialog>
  )
}

/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { useAttempt } from './attempt.ts'
import { Dialog } from './dialog.tsx'
import { PasswordField } from './password-field.tsx'
import { Submit } from './submit.tsx'
import { Trouble } from './trouble.tsx'

interface ConfirmProps {
  readonly title: string
  /** What the button does, as a verb and its object. */
  readonly action: string
  /** Whether the password has to be given again. If it was not known, the server says so, and the dialog asks for it. */
  readonly asksPassword?: boolean
  /** Does it. The dialog closes when that is done; what went wrong is shown in it. */
  onConfirm(password: string | undefined): Promise<unknown>
  onClose(): void
  readonly children: ComponentChildren
}

/** Asks before something is done that cannot be undone. */
export function Confirm({ title, action, asksPassword = false, onConfirm, onClose, children }: ConfirmProps) {
  const { me } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [password, setPassword] = useState('')
  const isAsked = asksPassword || problem?.code === 'password_needed' || password !== ''
  const confirm = async (event: Event) => {
    event.preventDefault()
    if (await run(() => onConfirm(isAsked ? password : undefined))) onClose()
  }
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={confirm}>
        <div class="text">{children}</div>
        {isAsked && (
          <PasswordField
            label="Your password, again"
            uname={me.uname}
            name="password"
            autocomplete="current-password"
            value={password}
            onValue={setPassword}
          />
        )}
        <Trouble text={problem?.code === 'password_needed' ? null : problem?.message} />
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

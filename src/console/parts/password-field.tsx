/** @jsxImportSource preact */
import { useId, useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'

interface PasswordFieldProps {
  readonly label: string
  /** The user name, for password managers; null: the form already has it. */
  readonly uname: string | null
  readonly name: string
  readonly autocomplete: 'current-password' | 'new-password'
  readonly hint?: string
  readonly value: string
  onValue(value: string): void
  readonly required?: boolean
}

/** A password field whose content can be shown while typing, and pasted. */
export function PasswordField({
  label,
  uname,
  name,
  autocomplete,
  hint,
  value,
  onValue,
  required = true,
}: PasswordFieldProps) {
  const { now } = useSurroundings()
  const [isShown, setIsShown] = useState(false)
  const id = useId()
  return (
    <div class="field">
      {uname !== null && (
        <input
          class="unseen"
          value={uname}
          autocomplete="username"
          readOnly
          tabIndex={-1}
          aria-hidden="true"
        />
      )}
      <label for={id}>{label}</label>
      <div class="beside">
        <input
          id={id}
          name={name}
          type={(isShown ? 'text' : 'password') as 'password'}
          autocomplete={autocomplete}
          autocapitalize="none"
          spellcheck={false}
          required={required}
          aria-describedby={hint === undefined ? undefined : `${id}-hint`}
          value={value}
          onInput={({ currentTarget }) => onValue(currentTarget.value)}
        />
        {now !== null && (
          <button type="button" class="plain" aria-pressed={isShown} onClick={() => setIsShown(!isShown)}>
            {isShown ? 'Hide' : 'Show'}
            <span class="unseen"> {label.toLowerCase()}</span>
          </button>
        )}
      </div>
      {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  )
}

/** @jsxImportSource preact */
import { useId } from 'preact/hooks'

interface TextFieldProps {
  readonly label: string
  /** The content; without `onValue`, the initial content. */
  readonly value: string
  /** Called with what the user types. Without it the browser keeps what is typed, and sends the form. */
  onValue?(value: string): void
  readonly name?: string
  readonly type?: 'text' | 'search' | 'date'
  readonly hint?: string
  readonly required?: boolean
  readonly autocomplete?: 'off' | 'username'
}

/** One line of text, such as a name, without the browser's corrections. */
export function TextField({
  label,
  value,
  onValue,
  name,
  type = 'text',
  hint,
  required = false,
  autocomplete = 'off',
}: TextFieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type={type as 'text'}
        {...(onValue === undefined ? { defaultValue: value } : { value })}
        required={required}
        autocomplete={autocomplete}
        autocapitalize="none"
        spellcheck={false}
        aria-describedby={hint === undefined ? undefined : `${id}-hint`}
        onInput={({ currentTarget }) => onValue?.(currentTarget.value)}
      />
      {hint !== undefined && <small id={`${id}-hint`}>{hint}</small>}
    </div>
  )
}

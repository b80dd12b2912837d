/** @jsxImportSource preact */
import { useId } from 'preact/hooks'

interface SearchFieldProps {
  readonly name: string
  readonly label: string
  readonly value: string
}

/** One thing to search by. */
export function SearchField({ name, label, value }: SearchFieldProps) {
  const id = useId()
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        name={name}
        type="search"
        value={value}
        autocomplete="off"
        autocapitalize="none"
        spellcheck={false}
      />
    </div>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { shownBytes } from '../words.ts'
import { useAttempt } from './attempt.ts'
import { Submit } from './submit.tsx'
import { TextField } from './text-field.tsx'
import { Trouble } from './trouble.tsx'

interface AttributeFormProps {
  has(key: string): boolean
  /** Called when it is saved. */
  onPut(key: string, value: string): void
}

/** Adds an attribute, or changes the value of an existing one. */
export function AttributeForm({ has, onPut }: AttributeFormProps) {
  const { me, cloakroom, notify } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [key, setKey] = useState('')
  const [value, setValue] = useState('')
  const put = async (event: Event) => {
    event.preventDefault()
    if (!(await run(() => cloakroom.put({ [key]: value })))) return
    onPut(key, value)
    notify(`Saved ${key}.`)
    setKey('')
    setValue('')
  }
  return (
    <form class="card" onSubmit={put} aria-labelledby="add">
      <h3 id="add">Add an attribute</h3>
      <TextField
        label="Key"
        value={key}
        onValue={setKey}
        required
        hint={
          has(key)
            ? 'There is an attribute with this key. Its value will be replaced.'
            : `Up to ${shownBytes(me.limits.key)}.`
        }
      />
      <div class="field">
        <label for="value">Value</label>
        <textarea
          id="value"
          rows={2}
          value={value}
          spellcheck={false}
          aria-describedby="value-hint"
          onInput={({ currentTarget }) => setValue(currentTarget.value)}
        />
        <small id="value-hint">Up to {shownBytes(me.limits.value)}.</small>
      </div>
      <Trouble problem={problem} />
      <p class="row end">
        <Submit busy={busy}>Add</Submit>
      </p>
    </form>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { type Attempt, useAttempt } from './attempt.ts'
import { Submit } from './submit.tsx'
import { Trouble } from './trouble.tsx'

interface AttributeRowProps {
  readonly name: string
  readonly value: string
  /** Called when it is stored, or (null) deleted. */
  onChange(key: string, value: string | null): void
}

/** Characters of a value that are shown without asking. */
const SHOWN = 1_000

/** An attribute, which can be changed in its place. */
export function AttributeRow({ name, value, onChange }: AttributeRowProps) {
  const { cloakroom, notify, now } = useSurroundings()
  const attempt = useAttempt()
  /** The value that the change began with, or null: nobody is changing it here. */
  const [from, setFrom] = useState<string | null>(null)
  const remove = async () => {
    if (!(await attempt.run(() => cloakroom.delete(name)))) return
    onChange(name, null)
    notify(`Deleted ${name}.`, async () => {
      await cloakroom.put({ [name]: value })
      onChange(name, value)
    })
  }
  if (from !== null) {
    return (
      <li>
        <AttributeEditor
          name={name}
          from={from}
          value={value}
          onStored={(stored) => {
            onChange(name, stored)
            setFrom(null)
          }}
          onCancel={() => setFrom(null)}
        />
      </li>
    )
  }
  return (
    <li>
      <div class="facts">
        <strong class="key">{name}</strong>
        <Value text={value} />
        <Trouble text={attempt.problem?.message} />
      </div>
      {now !== null && (
        <div class="row">
          <button class="plain" onClick={() => setFrom(value)}>
            Edit<span class="unseen"> {name}</span>
          </button>
          <button class="plain" disabled={attempt.busy} onClick={remove}>
            Delete<span class="unseen"> {name}</span>
          </button>
        </div>
      )}
    </li>
  )
}

function Value({ text }: { readonly text: string }) {
  const [isWhole, setIsWhole] = useState(false)
  if (text === '') return <span class="value faint">(empty)</span>
  return (
    <>
      <span class="value">{isWhole ? text : text.slice(0, SHOWN)}</span>
      {!isWhole && text.length > SHOWN && (
        <button class="link" onClick={() => setIsWhole(true)}>
          … show all
        </button>
      )}
    </>
  )
}

interface AttributeEditorProps {
  readonly name: string
  readonly from: string
  readonly value: string
  onStored(value: string): void
  onCancel(): void
}

function AttributeEditor({ name, from, value, onStored, onCancel }: AttributeEditorProps) {
  const { cloakroom, notify } = useSurroundings()
  const { busy, problem, run }: Attempt = useAttempt()
  const [text, setText] = useState(from)
  const store = async (event: Event) => {
    event.preventDefault()
    if (!(await run(() => cloakroom.put({ [name]: text })))) return
    notify(`Stored ${name}.`)
    onStored(text)
  }
  return (
    <form class="facts" onSubmit={store}>
      <label for={`edit-${name}`} class="key">
        {name}
      </label>
      <textarea
        id={`edit-${name}`}
        rows={Math.min(12, text.split('\n').length + 1)}
        value={text}
        spellcheck={false}
        ref={(element) => element?.focus()}
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
      {value !== from && (
        <p class="note" role="status">
          It was changed meanwhile, to: <span class="value">{value.slice(0, SHOWN)}</span>
        </p>
      )}
      <Trouble text={problem?.message} />
      <p class="row end">
        <button type="button" class="plain" onClick={onCancel}>
          Cancel
        </button>
        <Submit busy={busy}>Save</Submit>
      </p>
    </form>
  )
}

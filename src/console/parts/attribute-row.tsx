/** @jsxImportSource preact */
import { useEffect, useRef, useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { shownNumber } from '../words.ts'
import { type Attempt, useAttempt } from './attempt.ts'
import { Submit } from './submit.tsx'
import { Trouble } from './trouble.tsx'

interface AttributeRowProps {
  readonly name: string
  readonly value: string
  /** Called when it is saved, or (null) deleted. */
  onChange(key: string, value: string | null): void
}

/** How many characters of a value are rendered at first: a value can have 65,536. */
const DRAWN = 2_000

/** An attribute that can be edited in place. */
export function AttributeRow({ name, value, onChange }: AttributeRowProps) {
  const { cloakroom, notify, now } = useSurroundings()
  const attempt = useAttempt()
  /** The value before editing, or null: nobody is editing it here. */
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
        <Trouble problem={attempt.problem} />
      </div>
      {now !== null && (
        <div class="row">
          <button class="quiet" onClick={() => setFrom(value)}>
            Edit<span class="unseen"> {name}</span>
          </button>
          <button class="quiet" disabled={attempt.busy} onClick={remove}>
            Delete<span class="unseen"> {name}</span>
          </button>
        </div>
      )}
    </li>
  )
}

/** A value, cut at three lines. Without a script that can show the rest, it is not cut. */
function Value({ text }: { readonly text: string }) {
  const [isWhole, setIsWhole] = useState(false)
  const [isCut, setIsCut] = useState(false)
  const ref = useRef<HTMLSpanElement>(null)
  useEffect(() => {
    const element = ref.current
    if (element === null) return
    const measure = () => setIsCut(element.scrollHeight > element.clientHeight + 1)
    const sizes = new ResizeObserver(measure)
    sizes.observe(element)
    measure()
    return () => sizes.disconnect()
  }, [text, isWhole])
  if (text === '') return <span class="value faint">(empty)</span>
  const isLong = text.length > DRAWN
  return (
    <>
      <span ref={ref} class={isWhole ? 'value' : 'value brief'}>
        {isWhole || !isLong ? text : text.slice(0, DRAWN)}
      </span>
      {(isCut || (isLong && !isWhole)) && (
        <button class="link" onClick={() => setIsWhole(true)}>
          Show all {shownNumber(text.length)} characters
        </button>
      )}
      {isWhole && (
        <button class="link" onClick={() => setIsWhole(false)}>
          Show less
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
    notify(`Saved ${name}.`)
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
          Somebody has changed it in the meantime, to:{' '}
          <span class="value brief">{value.slice(0, DRAWN)}</span>
        </p>
      )}
      <Trouble problem={problem} />
      <p class="row end">
        <button type="button" class="plain" onClick={onCancel}>
          Cancel
        </button>
        <Submit busy={busy}>Save</Submit>
      </p>
    </form>
  )
}

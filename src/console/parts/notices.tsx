/** @jsxImportSource preact */
import { useAttempt } from './attempt.ts'

/** A message about something that was done, shown for a while, with an undo button where possible. */
export interface Notice {
  readonly id: number
  readonly text: string
  readonly undo: (() => Promise<unknown>) | null
}

interface NoticesProps {
  /** The last one, or null. */
  readonly notice: Notice | null
  onGone(): void
}

/** Shows what was just done. */
export const Notices = ({ notice, onGone }: NoticesProps) => (
  <div class="notices" role="status">
    {notice !== null && <OneNotice key={notice.id} notice={notice} onGone={onGone} />}
  </div>
)

function OneNotice({ notice: { text, undo }, onGone }: { readonly notice: Notice; onGone(): void }) {
  const { busy, problem, run } = useAttempt()
  const goBack = async () => {
    if (undo !== null && (await run(undo))) onGone()
  }
  return (
    <p class="notice">
      {problem === null ? <span class="brief">{text}</span> : <span>{problem.message}</span>}
      {undo !== null && (
        <button class="plain" disabled={busy} onClick={goBack}>
          Undo
        </button>
      )}
      <button class="plain" onClick={onGone}>
        Close
      </button>
    </p>
  )
}

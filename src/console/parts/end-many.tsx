/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { counted } from '../words.ts'
import { leave, useAttempt } from './attempt.ts'
import { Confirm } from './confirm.tsx'
import { Trouble } from './trouble.tsx'

/** The button that ends all sessions of a user or (null) of everybody, after it has said how many those are. */
export function EndMany({ uname }: { readonly uname: string | null }) {
  const { me, cloakroom, notify } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [count, setCount] = useState<number | null>(null)
  const whose = uname === null ? 'of everybody' : `of ${uname}`
  const endsOwn = uname === null || uname === me.uname
  const end = async () => {
    const ended = await cloakroom.revokeAny(uname === null ? { all: true } : { uname })
    notify(`Ended ${counted(ended, 'session')} ${whose}.`)
    leave()
  }
  return (
    <>
      <Trouble text={problem?.message} />
      <button
        class="danger"
        disabled={busy}
        onClick={() =>
          run(async () => setCount(await cloakroom.countSessions(uname === null ? {} : { uname })))
        }
      >
        {busy ? 'Counting…' : `End all sessions ${whose}`}
      </button>
      {count !== null && (
        <Confirm
          title={`End all sessions ${whose}?`}
          action={`End ${counted(count, 'session')}`}
          onConfirm={end}
          onClose={() => setCount(null)}
        >
          <p>
            {count === 1 ? 'It is 1 session' : `These are ${counted(count, 'session')}`}; whoever uses{' '}
            {count === 1 ? 'it' : 'them'} is logged out at once.
          </p>
          {endsOwn && <p class="note">Yours is among them: you will be logged out too.</p>}
        </Confirm>
      )}
    </>
  )
}

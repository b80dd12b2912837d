/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { counted } from '../words.ts'
import { leave, useAttempt } from './attempt.ts'
import { Confirm } from './confirm.tsx'
import { Trouble } from './trouble.tsx'

/** A button that ends all sessions of a user, or (null) of everyone, after showing how many there are. */
export function EndMany({ uname }: { readonly uname: string | null }) {
  const { me, cloakroom, notify } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [count, setCount] = useState<number | null>(null)
  const whose = uname === null ? 'everyone' : `“${uname}”`
  const endsOwn = uname === null || uname === me.uname
  const end = async (yourPassword: string | undefined) => {
    const ended = await cloakroom.revokeAny(uname === null ? { all: true } : { uname }, { yourPassword })
    notify(`Ended ${counted(ended, 'session')} of ${whose}.`)
    leave()
  }
  return (
    <>
      <Trouble problem={problem} />
      <button
        class="danger"
        disabled={busy}
        onClick={() =>
          run(async () => setCount(await cloakroom.countSessions(uname === null ? {} : { uname })))
        }
      >
        {busy ? 'Counting…' : `End all sessions of ${uname === null ? 'everyone' : 'this user'}`}
      </button>
      {count !== null && (
        <Confirm
          title={`End all sessions of ${whose}?`}
          action={`End ${counted(count, 'session')}`}
          onConfirm={end}
          onClose={() => setCount(null)}
        >
          <p>
            {count === 1 ? 'There is 1 session.' : `There are ${counted(count, 'session')}.`} Whoever is using{' '}
            {count === 1 ? 'it' : 'them'} is logged out at once.
          </p>
          {endsOwn && <p class="note">Yours is among them. You will be logged out too.</p>}
        </Confirm>
      )}
    </>
  )
}

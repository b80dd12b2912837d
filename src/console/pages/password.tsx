/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { useAttempt } from '../parts/attempt.ts'
import { Layout } from '../parts/layout.tsx'
import { PasswordField } from '../parts/password-field.tsx'
import { Proof } from '../parts/proof.tsx'
import { Submit } from '../parts/submit.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { counted } from '../words.ts'

export interface PasswordData {
  /** What went wrong the last time, or null. */
  readonly problem: string | null
  /**
   * `done=…`: the session with this handle has changed the password. A link from elsewhere has no handle, or
   * another.
   */
  readonly query: URLSearchParams
}

/** Lets the logged-in user choose a new password. */
export function PasswordPage({ problem: given, query }: PasswordData) {
  const { me, cloakroom } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [old, setOld] = useState('')
  const [password, setPassword] = useState('')
  const [said, setSaid] = useState(
    query.get('done') === me.handle
      ? 'Your password has been changed, and your other sessions have ended.'
      : '',
  )
  const [isFirst, setIsFirst] = useState(true)
  const [needsOwn, setNeedsOwn] = useState(me.passwordChangeNeeded)
  const change = async (event: Event) => {
    event.preventDefault()
    setIsFirst(false)
    setSaid('')
    const isDone = await run(async () => {
      const ended = await cloakroom.changePassword(old, password)
      setSaid(
        ended === 0
          ? 'Your password has been changed.'
          : `Your password has been changed. Ended ${counted(ended, 'other session')}.`,
      )
    })
    if (!isDone) return
    setNeedsOwn(false)
    setOld('')
    setPassword('')
  }
  return (
    <Layout name="password">
      {needsOwn && <p class="note">This is your first password. Choose your own before you go on.</p>}
      <p>Changing your password ends all your other sessions.</p>
      <p class={said === '' ? 'unseen' : 'good'} role="status">
        {said}
      </p>
      <Trouble text={isFirst ? given : null} problem={problem} />
      <form class="card" action="/password" method="post" onSubmit={change}>
        <Proof />
        <PasswordField
          label="Current password"
          uname={me.uname}
          name="old"
          autocomplete="current-password"
          value={old}
          onValue={setOld}
        />
        <PasswordField
          label="New password"
          uname={null}
          name="new"
          autocomplete="new-password"
          hint="8 characters or more. A few words are easy to remember."
          value={password}
          onValue={setPassword}
        />
        <p class="row end">
          <Submit busy={busy}>Change password</Submit>
        </p>
      </form>
    </Layout>
  )
}

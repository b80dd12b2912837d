/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { counted } from '../words.ts'
import { Confirm } from './confirm.tsx'
import { PasswordField } from './password-field.tsx'

/** Another password for a user, from an admin. */
export function NewPassword({ uname }: { readonly uname: string }) {
  const { cloakroom, notify } = useSurroundings()
  const [password, setPassword] = useState('')
  const [isAsking, setIsAsking] = useState(false)
  const change = async () => {
    const ended = await cloakroom.updateUser(uname, { password })
    setPassword('')
    notify(`${uname} has a new password; ${counted(ended, 'session')} ended.`)
  }
  const ask = (event: Event) => {
    event.preventDefault()
    setIsAsking(true)
  }
  return (
    <>
      <form class="card" onSubmit={ask}>
        <PasswordField
          label="New password"
          uname={uname}
          name="password"
          autocomplete="new-password"
          hint="8 characters or more. Ends all sessions of the user."
          value={password}
          onValue={setPassword}
        />
        <button class="plain">Set password</button>
      </form>
      {isAsking && (
        <Confirm
          title={`Give ${uname} a new password?`}
          action="Set password"
          onConfirm={change}
          onClose={() => setIsAsking(false)}
        >
          <p>All sessions of {uname} end at once.</p>
        </Confirm>
      )}
    </>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import { useSurroundings } from '../context.ts'
import { counted } from '../words.ts'
import { Confirm } from './confirm.tsx'
import { PasswordField } from './password-field.tsx'

/** Lets an admin set a new password for a user. */
export function NewPassword({ uname }: { readonly uname: string }) {
  const { cloakroom, notify } = useSurroundings()
  const [password, setPassword] = useState('')
  const [isAsking, setIsAsking] = useState(false)
  const change = async (yourPassword: string | undefined) => {
    const ended = await cloakroom.updateUser(uname, { password }, { yourPassword })
    setPassword('')
    notify(`Set a new password for ${uname}. Ended ${counted(ended, 'session')}.`)
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
          hint="8 characters or more. It ends all sessions of the user."
          value={password}
          onValue={setPassword}
        />
        <p class="row end">
          <button class="plain">Set password</button>
        </p>
      </form>
      {isAsking && (
        <Confirm
          title={`Set a new password for “${uname}”?`}
          action="Set password"
          onConfirm={change}
          onClose={() => setIsAsking(false)}
        >
          <p>All sessions of this user end at once.</p>
        </Confirm>
      )}
    </>
  )
}

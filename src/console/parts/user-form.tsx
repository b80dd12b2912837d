/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { useAttempt } from './attempt.ts'
import { PasswordField } from './password-field.tsx'
import { Submit } from './submit.tsx'
import { TextField } from './text-field.tsx'
import { Trouble } from './trouble.tsx'

interface UserFormProps {
  /** The user who is changed, or null: a new one. */
  readonly user: User | null
  /** Called when it is stored. */
  onDone(uname: string): void
  onCancel?(): void
}

const rolesIn = (text: string) =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')

/** What is said of a user: a new one with a name and a password, another one without. */
export function UserForm({ user, onDone, onCancel }: UserFormProps) {
  const { cloakroom, notify } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [uname, setUname] = useState(user?.uname ?? '')
  const [fullname, setFullname] = useState(user?.fullname ?? '')
  const [email, setEmail] = useState(user?.email ?? '')
  const [roles, setRoles] = useState(user?.roles.join(', ') ?? '')
  const [password, setPassword] = useState('')
  const store = async (event: Event) => {
    event.preventDefault()
    const fields = { fullname, email, roles: rolesIn(roles) }
    const isDone = await run(() =>
      user === null
        ? cloakroom.createUser(uname, { ...fields, password })
        : cloakroom.updateUser(uname, fields),
    )
    if (!isDone) return
    notify(user === null ? `Made the user ${uname}.` : `Stored what is said of ${uname}.`)
    onDone(uname)
  }
  return (
    <form onSubmit={store}>
      {user === null && (
        <TextField label="User name" autocomplete="username" value={uname} onValue={setUname} required />
      )}
      <TextField label="Full name" value={fullname} onValue={setFullname} />
      <TextField label="Email" value={email} onValue={setEmail} />
      <TextField
        label="Roles"
        hint="With commas between. The role admin opens the pages for admins."
        value={roles}
        onValue={setRoles}
      />
      {user === null && (
        <PasswordField
          label="Password"
          uname={null}
          name="password"
          autocomplete="new-password"
          hint="8 characters or more. The user can change it."
          value={password}
          onValue={setPassword}
        />
      )}
      <Trouble text={problem?.message} />
      <p class="row end">
        {onCancel !== undefined && (
          <button type="button" class="plain" onClick={onCancel}>
            Cancel
          </button>
        )}
        <Submit busy={busy}>{user === null ? 'Make user' : 'Save'}</Submit>
      </p>
    </form>
  )
}

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
  /** The user to change, or null: a new one. */
  readonly user: User | null
  /** Called when it is saved. */
  onDone(uname: string): void
  onCancel?(): void
}

const rolesIn = (text: string) =>
  text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')

/**
 * Returns the fields that differ. Changing roles may require the admin's own password, changing a name does
 * not.
 */
const changesOf = (user: User, fields: Pick<User, 'fullname' | 'email' | 'roles'>) => ({
  fullname: fields.fullname,
  email: fields.email,
  ...(fields.roles.join() === user.roles.join() ? {} : { roles: fields.roles }),
})

/** The fields of a user. A new one also gets a name and a password. */
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
    const isDone = await run((yourPassword) =>
      user === null
        ? cloakroom.createUser(uname, { ...fields, password }, { yourPassword })
        : cloakroom.updateUser(uname, changesOf(user, fields), { yourPassword }),
    )
    if (!isDone) return
    notify(user === null ? `Created user ${uname}.` : `Saved ${uname}.`)
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
        hint="Separated by commas. Users with the role admin can see and change everything."
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
      <Trouble problem={problem} />
      <p class="row end">
        {onCancel !== undefined && (
          <button type="button" class="plain" onClick={onCancel}>
            Cancel
          </button>
        )}
        <Submit busy={busy}>{user === null ? 'Create user' : 'Save'}</Submit>
      </p>
    </form>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pages } from '../pages.ts'
import { counted } from '../words.ts'
import { useAttempt } from './attempt.ts'
import { Confirm } from './confirm.tsx'
import { Trouble } from './trouble.tsx'

interface UserDangerProps {
  readonly user: User
  /** Called when the user is disabled, or enabled again. */
  onChange(disabled: boolean): void
}

/** Disables or deletes a user. */
export function UserDanger({ user: { uname, disabled }, onChange }: UserDangerProps) {
  const { cloakroom, notify } = useSurroundings()
  const { busy, problem, run } = useAttempt()
  const [asks, setAsks] = useState<'disable' | 'delete' | null>(null)
  const enable = async (yourPassword: string | undefined) => {
    await cloakroom.updateUser(uname, { disabled: false }, { yourPassword })
    onChange(false)
    notify(`${uname} can log in again.`)
  }
  const disable = async (yourPassword: string | undefined) => {
    const ended = await cloakroom.updateUser(uname, { disabled: true }, { yourPassword })
    onChange(true)
    notify(`Disabled ${uname}. Ended ${counted(ended, 'session')}.`)
  }
  const remove = async (yourPassword: string | undefined) => {
    await cloakroom.deleteUser(uname, { yourPassword })
    location.assign(pages.users.path)
  }
  return (
    <section class="dangers" aria-labelledby="danger">
      <h2 id="danger">Danger zone</h2>
      <Trouble problem={problem} />
      <ul class="rows">
        <li>
          <p class="facts">
            <strong>{disabled ? 'Enable' : 'Disable'}</strong>
            <small>
              {disabled
                ? 'The user can log in again.'
                : 'Ends all sessions. The user cannot log in until an admin enables them again.'}
            </small>
          </p>
          {disabled ? (
            <button class="plain" disabled={busy} onClick={() => run(enable)}>
              Enable
            </button>
          ) : (
            <button class="danger" onClick={() => setAsks('disable')}>
              Disable
            </button>
          )}
        </li>
        <li>
          <p class="facts">
            <strong>Delete</strong>
            <small>Ends all sessions and removes the user for good.</small>
          </p>
          <button class="danger" onClick={() => setAsks('delete')}>
            Delete
          </button>
        </li>
      </ul>
      {asks === 'disable' && (
        <Confirm
          title={`Disable “${uname}”?`}
          action="Disable"
          onConfirm={disable}
          onClose={() => setAsks(null)}
        >
          <p>
            All sessions of this user end at once. The user cannot log in until an admin enables them again.
          </p>
        </Confirm>
      )}
      {asks === 'delete' && (
        <Confirm
          title={`Delete “${uname}”?`}
          action="Delete user"
          typed={uname}
          onConfirm={remove}
          onClose={() => setAsks(null)}
        >
          <p>
            All sessions of this user end at once, and the user cannot be brought back. To lock somebody out
            for a while, disable them instead.
          </p>
        </Confirm>
      )}
    </section>
  )
}

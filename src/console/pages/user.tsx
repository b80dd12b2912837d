/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { Session, User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { useAttempt } from '../parts/attempt.ts'
import { Confirm } from '../parts/confirm.tsx'
import { EndMany } from '../parts/end-many.tsx'
import { Layout } from '../parts/layout.tsx'
import { NewPassword } from '../parts/new-password.tsx'
import { SessionList } from '../parts/session-list.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { UserForm } from '../parts/user-form.tsx'
import { counted } from '../words.ts'

export interface UserData {
  readonly user: User
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
}

/** One user: what is said of them, where they are logged in, and whether they may. */
export function UserPage({ user: given, found }: UserData) {
  const { now, cloakroom, notify } = useSurroundings()
  const [user, setUser] = useState(given)
  const [asks, setAsks] = useState<'disable' | 'delete' | null>(null)
  const { busy, problem, run } = useAttempt()
  const { uname, disabled } = user
  const enable = () =>
    run(async () => {
      await cloakroom.updateUser(uname, { disabled: false })
      setUser({ ...user, disabled: false })
      notify(`${uname} can log in again.`)
    })
  const disable = async () => {
    const ended = await cloakroom.updateUser(uname, { disabled: true })
    setUser({ ...user, disabled: true })
    notify(`${uname} is disabled; ${counted(ended, 'session')} ended.`)
  }
  const remove = async () => {
    await cloakroom.deleteUser(uname)
    location.assign('/console/users')
  }
  return (
    <Layout name="user" title={uname}>
      <p>
        <a href="/console/users">All users</a>
        {disabled && <strong class="tag off">disabled</strong>}
      </p>
      <Trouble text={problem?.message} />
      {now === null ? (
        <dl>
          <dt>Full name</dt>
          <dd>{user.fullname}</dd>
          <dt>Email</dt>
          <dd>{user.email}</dd>
          <dt>Roles</dt>
          <dd>{user.roles.join(', ')}</dd>
        </dl>
      ) : (
        <div class="card">
          <UserForm user={user} onDone={() => cloakroom.user(uname).then(setUser)} />
        </div>
      )}
      <section aria-labelledby="sessions">
        <h2 id="sessions">Sessions</h2>
        <SessionList found={found} filter={{ uname }} />
        {now !== null && found.sessions.length > 0 && <EndMany uname={uname} />}
      </section>
      {now !== null && (
        <section aria-labelledby="access">
          <h2 id="access">Access</h2>
          <NewPassword uname={uname} />
          <p class="row">
            {disabled ? (
              <button class="plain" disabled={busy} onClick={enable}>
                Enable
              </button>
            ) : (
              <button class="danger" onClick={() => setAsks('disable')}>
                Disable
              </button>
            )}
            <button class="danger" onClick={() => setAsks('delete')}>
              Delete
            </button>
          </p>
        </section>
      )}
      {asks === 'disable' && (
        <Confirm
          title={`Disable ${uname}?`}
          action="Disable"
          onConfirm={disable}
          onClose={() => setAsks(null)}
        >
          <p>All sessions of {uname} end at once, and there is no login until you enable the user again.</p>
        </Confirm>
      )}
      {asks === 'delete' && (
        <Confirm
          title={`Delete ${uname}?`}
          action="Delete for ever"
          onConfirm={remove}
          onClose={() => setAsks(null)}
        >
          <p>
            The user is gone for ever, and all of its sessions end at once. To shut somebody out for a while,
            disable the user.
          </p>
        </Confirm>
      )}
    </Layout>
  )
}

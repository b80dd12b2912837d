/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { Session, User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pages } from '../pages.ts'
import { EndMany } from '../parts/end-many.tsx'
import { Layout } from '../parts/layout.tsx'
import { NewPassword } from '../parts/new-password.tsx'
import { SessionList } from '../parts/session-list.tsx'
import { UserDanger } from '../parts/user-danger.tsx'
import { UserForm } from '../parts/user-form.tsx'

export interface UserData {
  readonly user: User
  readonly found: { readonly sessions: readonly Session[]; readonly next: string | null }
}

/** One user: fields, sessions, and whether the user may log in. */
export function UserPage({ user: given, found }: UserData) {
  const { now, me, cloakroom } = useSurroundings()
  const [user, setUser] = useState(given)
  const { uname, disabled } = user
  return (
    <Layout name="user" title={uname}>
      <p>
        <a href={pages.users.path}>All users</a>
        {disabled && <strong class="tag off">disabled</strong>}
      </p>
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
        <SessionList found={found} filter={{ uname }} none="This user has no live sessions." />
        {now !== null && found.sessions.length > 0 && <EndMany uname={uname} />}
      </section>
      {now !== null && (
        <section aria-labelledby="password">
          <h2 id="password">Password</h2>
          {uname === me.uname ? (
            <p>
              This is you: <a href={pages.password.path}>change your password</a> with the current one.
            </p>
          ) : (
            <NewPassword uname={uname} />
          )}
        </section>
      )}
      {now !== null && <UserDanger user={user} onChange={(disabled) => setUser({ ...user, disabled })} />}
    </Layout>
  )
}

/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pathOfUser } from '../pages.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Layout } from '../parts/layout.tsx'
import { More } from '../parts/more.tsx'
import { usePaged } from '../parts/paged.ts'
import { TextField } from '../parts/text-field.tsx'
import { UserForm } from '../parts/user-form.tsx'

export interface UsersData {
  readonly found: { readonly users: readonly User[]; readonly next: string | null }
}

/** Everybody who can log in. */
export function UsersPage({ found }: UsersData) {
  const { now, cloakroom } = useSurroundings()
  const [isMaking, setIsMaking] = useState(false)
  const paged = usePaged({ items: found.users, next: found.next }, async (after) => {
    const { users, next } = await cloakroom.users({ after })
    return { items: users, next }
  })
  return (
    <Layout name="users">
      <search>
        <form class="search" action="/console/user">
          <TextField type="search" label="User name" name="uname" value="" required />
          <button>Open</button>
          {now !== null && (
            <button type="button" class="plain" onClick={() => setIsMaking(true)}>
              New user
            </button>
          )}
        </form>
      </search>
      <ul class="rows">
        {paged.items.map((user) => (
          <li key={user.uname}>
            <div class="facts">
              <a class="name" href={pathOfUser(user.uname)}>
                {user.uname}
              </a>
              <small>{[user.fullname, user.email].filter((each) => each !== '').join(' · ')}</small>
            </div>
            {user.roles.map((role) => (
              <span class="tag" key={role}>
                {role}
              </span>
            ))}
            {user.disabled && <strong class="tag off">disabled</strong>}
          </li>
        ))}
      </ul>
      <More paged={paged} what="users" />
      {isMaking && (
        <Dialog title="New user" onClose={() => setIsMaking(false)}>
          <UserForm
            user={null}
            onDone={(uname) => location.assign(pathOfUser(uname))}
            onCancel={() => setIsMaking(false)}
          />
        </Dialog>
      )}
    </Layout>
  )
}

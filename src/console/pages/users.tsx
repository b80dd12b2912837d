/** @jsxImportSource preact */
import { useState } from 'preact/hooks'
import type { User } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import { pathOfUser } from '../pages.ts'
import { Dialog } from '../parts/dialog.tsx'
import { Layout } from '../parts/layout.tsx'
import { More } from '../parts/more.tsx'
import { usePaged } from '../parts/paged.ts'
import { type Column, Table } from '../parts/table.tsx'
import { TextField } from '../parts/text-field.tsx'
import { Trouble } from '../parts/trouble.tsx'
import { UserForm } from '../parts/user-form.tsx'
import { shownNumber } from '../words.ts'

export interface UsersData {
  readonly found: { readonly users: readonly User[]; readonly next: string | null }
  readonly query: URLSearchParams
  /** Why the search was refused, or null. */
  readonly problem: string | null
}

/** How many more users a click loads. */
const PAGE_SIZE = 500

/** Sorts names as people expect, in the same order on the server and in the browser. */
const { compare } = new Intl.Collator('en', { numeric: true })

const columns: readonly Column<User>[] = [
  {
    name: 'User name',
    kind: 'main',
    cell: ({ uname }) => (
      <a class="name" href={pathOfUser(uname)}>
        {uname}
      </a>
    ),
  },
  { name: 'Full name', kind: 'text', cell: ({ fullname }) => fullname },
  { name: 'Email', kind: 'text', cell: ({ email }) => email },
  {
    name: 'Roles',
    kind: 'text',
    cell: ({ roles }) =>
      roles.map((role) => (
        <span class="tag" key={role}>
          {role}
        </span>
      )),
  },
  {
    name: 'Status',
    kind: 'status',
    cell: ({ disabled }) => disabled && <strong class="tag off">disabled</strong>,
  },
]

/** All users who can log in. */
export function UsersPage({ found, query, problem }: UsersData) {
  const { now, cloakroom } = useSurroundings()
  const [isCreating, setIsCreating] = useState(false)
  const prefix = query.get('prefix') || undefined
  const paged = usePaged({ items: found.users, next: found.next }, async (after) => {
    const { users, next } = await cloakroom.users({ prefix, after, limit: PAGE_SIZE })
    return { items: users, next }
  })
  const sorted = paged.items.toSorted((a, b) => compare(a.uname, b.uname))
  return (
    <Layout name="users">
      <search>
        <form class="search">
          <TextField type="search" label="User name begins with" name="prefix" value={prefix ?? ''} />
          <button>Search</button>
          {prefix !== undefined && <a href="/console/users">Show all</a>}
          {now !== null && (
            <button type="button" class="plain" onClick={() => setIsCreating(true)}>
              New user
            </button>
          )}
        </form>
      </search>
      <Trouble text={problem} />
      {sorted.length === 0 && problem === null && (
        <p class="empty" role="status">
          No user name begins with “{prefix}”.
        </p>
      )}
      {sorted.length > 0 && (
        <Table label="Users" columns={columns} rows={sorted} keyOf={({ uname }) => uname} />
      )}
      {paged.hasMore && (
        <p class="empty">
          These are {shownNumber(sorted.length)} users, sorted by name. There are more: search by the
          beginning of a name, or get the next ones, which are sorted in among these.
        </p>
      )}
      <More paged={paged} what="users" />
      {isCreating && (
        <Dialog title="New user" onClose={() => setIsCreating(false)}>
          <UserForm
            user={null}
            onDone={(uname) => location.assign(pathOfUser(uname))}
            onCancel={() => setIsCreating(false)}
          />
        </Dialog>
      )}
    </Layout>
  )
}

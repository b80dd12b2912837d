/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact'
import type { Session } from '../../client/types.js'
import { deviceOf } from '../devices.ts'
import { pathOfUser } from '../pages.ts'
import type { Column } from './table.tsx'
import { Time } from './time.tsx'

/** Returns the columns of a list of sessions. `current` is the handle of the reader's own session. */
export function sessionColumns<T extends Session>(current: string, isOfMany: boolean): readonly Column<T>[] {
  return [
    {
      name: 'Browser',
      // In a list of many users, readers look for the user.
      kind: isOfMany ? 'text' : 'main',
      cell: ({ userAgent, handle }) => (
        <>
          <span title={userAgent}>{deviceOf(userAgent)}</span>{' '}
          {handle === current && <strong class="tag">this one</strong>}
        </>
      ),
    },
    { name: 'Address', kind: 'address', cell: ({ address }) => address },
    { name: 'Logged in', cell: ({ beganAt }) => <Time at={beganAt} /> },
    { name: 'Last used', cell: ({ usedAt }) => <Time at={usedAt} /> },
  ]
}

export const userColumn: Column<Session> = {
  name: 'User',
  kind: 'main',
  cell: ({ uname }) => (
    <a class="name" href={pathOfUser(uname)}>
      {uname}
    </a>
  ),
}

export const handleColumn: Column<Session> = { name: 'Handle', kind: 'key', cell: ({ handle }) => handle }

/** Returns the label of the button that ends a session, for those who cannot see its row. */
export const nameOfEnd = ({ uname, userAgent, address }: Session, isOwn: boolean): string =>
  `End the session of ${isOwn ? '' : `${uname}, `}${deviceOf(userAgent)} from ${address}`

export const endColumn = <T extends Session>(cell: (session: T) => ComponentChildren): Column<T> => ({
  name: '',
  kind: 'act',
  cell,
})

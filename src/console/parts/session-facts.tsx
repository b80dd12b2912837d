/** @jsxImportSource preact */
import type { Session } from '../../client/types.js'
import { deviceOf } from '../devices.ts'
import { Time } from './time.tsx'

/** The facts that identify a session, in a question. */
export const SessionFacts = ({ session }: { readonly session: Session }) => (
  <dl>
    <dt>Browser</dt>
    <dd>{deviceOf(session.userAgent)}</dd>
    <dt>Address</dt>
    <dd class="address">{session.address}</dd>
    <dt>Logged in</dt>
    <dd>
      <Time at={session.beganAt} />
    </dd>
    <dt>Last used</dt>
    <dd>
      <Time at={session.usedAt} />
    </dd>
  </dl>
)

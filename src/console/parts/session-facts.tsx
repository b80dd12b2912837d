/** @jsxImportSource preact */
import type { Session } from '../../client/types.js'
import { deviceOf } from '../words.ts'
import { Time } from './time.tsx'

/** What tells one session from another: where, since when, last use. */
export const SessionFacts = ({ session }: { readonly session: Session }) => (
  <div class="facts">
    <strong title={session.userAgent}>{deviceOf(session.userAgent)}</strong>
    <small>
      from <span class="address">{session.address}</span> · since <Time at={session.beganAt} /> · last used{' '}
      <Time at={session.usedAt} />
    </small>
  </div>
)

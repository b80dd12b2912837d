/** @jsxImportSource preact */
import { useEffect, useRef, useState } from 'preact/hooks'
import type { SessionEvent } from '../../client/types.js'
import { useSurroundings } from '../context.ts'
import type { LiveState } from '../live.ts'
import { leave, problemFrom } from '../parts/attempt.ts'
import { AttributeForm } from '../parts/attribute-form.tsx'
import { AttributeRow } from '../parts/attribute-row.tsx'
import { Layout } from '../parts/layout.tsx'
import { Time } from '../parts/time.tsx'
import { spread } from '../spread.ts'
import { counted, shownBytes, shownNumber, sizeOf } from '../words.ts'

export interface SessionData {
  readonly attributes: Readonly<Record<string, string>>
}

/** How many attributes are shown at first. */
const INITIALLY_SHOWN = 200

/** The data of this session, for developers: its facts and its attributes. */
export function SessionPage({ attributes: given }: SessionData) {
  const { me, now } = useSurroundings()
  const [attributes, change] = useAttributes(given)
  const [isWhole, setIsWhole] = useState(false)
  const keys = [...attributes.keys()].sort()
  const shown = isWhole ? keys : keys.slice(0, INITIALLY_SHOWN)
  return (
    <Layout name="session">
      <p>
        For developers: this session as programs see it. Applications keep their data in its attributes, and
        changing them here can confuse an application.
      </p>
      <dl>
        <dt>User</dt>
        <dd>{me.fullname === '' ? me.uname : `${me.fullname} (${me.uname})`}</dd>
        <dt>Roles</dt>
        <dd>{me.roles.length === 0 ? 'none' : me.roles.join(', ')}</dd>
        <dt>Began</dt>
        <dd>
          <Time at={me.beganAt} />
        </dd>
        <dt>Ends</dt>
        <dd>
          <Time at={me.endsAt} />. Each use moves this end.
        </dd>
        <dt>Ends at the latest</dt>
        <dd>
          <Time at={me.latestEndsAt} />
        </dd>
        <dt>CSRF protection</dt>
        <dd>{me.csrfProtection ? 'on' : 'off'}</dd>
      </dl>
      <section aria-labelledby="attributes">
        <h2 id="attributes">Attributes</h2>
        <Liveness />
        <Room attributes={attributes} />
        {keys.length === 0 ? (
          <p class="empty">This session has no attributes yet. What a program adds appears here at once.</p>
        ) : (
          <ul class="rows">
            {shown.map((key) => (
              <AttributeRow key={key} name={key} value={attributes.get(key) ?? ''} onChange={change} />
            ))}
          </ul>
        )}
        {shown.length < keys.length && (
          <button class="plain" onClick={() => setIsWhole(true)}>
            Show all {shownNumber(keys.length)}
          </button>
        )}
        {now === null ? (
          <noscript>
            <p class="empty">To change attributes here, allow this page to run its script.</p>
          </noscript>
        ) : (
          <AttributeForm has={(key) => attributes.has(key)} onPut={(key, value) => change(key, value)} />
        )}
      </section>
    </Layout>
  )
}

/** Says whether changes by others appear at once. */
function Liveness() {
  const { live } = useSurroundings()
  const [state, setState] = useState<LiveState>('connecting')
  useEffect(() => live.watchState(setState), [live])
  return state === 'open' ? <p class="live">Live: changes appear here at once.</p> : null
}

/** Shows how much of the room for attributes is used. */
function Room({ attributes }: { readonly attributes: ReadonlyMap<string, string> }) {
  const { limits } = useSurroundings().me
  const used = [...attributes].reduce((sum, [key, value]) => sum + sizeOf(key, value), 0)
  return (
    <p class="room">
      <meter
        max={limits.session}
        value={used}
        aria-label="Room used by attributes"
        aria-valuetext={`${shownBytes(used)} of ${shownBytes(limits.session)}`}
      />
      <small>
        {counted(attributes.size, 'attribute')} of {shownNumber(limits.attributes)}, {shownBytes(used)} of{' '}
        {shownBytes(limits.session)}
      </small>
    </p>
  )
}

type Change = (key: string, value: string | null) => void

/**
 * Milliseconds until attributes that could not be read are requested again: at least this, at most twice
 * this.
 */
const AGAIN_MS = 5_000

/**
 * Returns the current attributes: as the page came, as this page changes them (null: deleted), and as others
 * do. They are read again, which does not count as a use, as soon as changes are reported, since some may
 * have come before, and whenever something was missed.
 */
function useAttributes(given: SessionData['attributes']): readonly [Attributes, Change] {
  const { live, cloakroom } = useSurroundings()
  const [attributes, setAttributes] = useState<Attributes>(new Map(Object.entries(given)))
  /**
   * Changes since the last request for all attributes. The response may be older, so they are applied to it.
   */
  const since = useRef<Step[] | null>(null)
  const apply = (step: Step) => {
    since.current?.push(step)
    setAttributes(step)
  }
  const reread = async () => {
    const steps: Step[] = []
    since.current = steps
    try {
      const all = await cloakroom.get(undefined, { background: true })
      // Otherwise another request has been sent meanwhile.
      if (since.current !== steps) return
      since.current = null
      setAttributes(steps.reduce<Attributes>((before, step) => step(before), new Map(Object.entries(all))))
    } catch (error) {
      if (problemFrom(error).code === 'not_logged_in') leave()
      else if (since.current === steps) setTimeout(reread, spread(AGAIN_MS, 1))
    }
  }
  useEffect(() => {
    const stops = [
      live.watchState((state) => {
        if (state === 'open') void reread()
      }),
      live.listen((event) => {
        if (event.kind === 'missed') void reread()
        else if (event.kind !== 'end') apply((before) => changed(before, changesOf(event, before)))
      }),
    ]
    return () => {
      for (const stop of stops) stop()
    }
  }, [live, cloakroom])
  return [attributes, (key, value) => apply((before) => changed(before, [[key, value]]))]
}

type Step = (before: Attributes) => Attributes

type Attributes = ReadonlyMap<string, string>

/** Returns what an event changes; null: deleted. */
function changesOf(
  event: Extract<SessionEvent, { kind: 'put' | 'delete' }>,
  before: Attributes,
): readonly (readonly [string, string | null])[] {
  if (event.kind === 'put') return 'attributes' in event ? Object.entries(event.attributes) : []
  const keys = event.keys === 'all' ? [...before.keys()] : event.keys
  return keys.map((key) => [key, null])
}

function changed(before: Attributes, changes: readonly (readonly [string, string | null])[]): Attributes {
  const after = new Map(before)
  for (const [key, value] of changes) {
    if (value === null) after.delete(key)
    else after.set(key, value)
  }
  return after
}

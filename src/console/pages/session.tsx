/** @jsxImportSource preact */
import { useEffect, useRef, useState } from 'preact/hooks'
import { Problem } from '../../client/cloakroom.js'
import { useSurroundings } from '../context.ts'
import type { LiveEvent } from '../live.ts'
import { leave } from '../parts/attempt.ts'
import { AttributeForm } from '../parts/attribute-form.tsx'
import { AttributeRow } from '../parts/attribute-row.tsx'
import { Layout } from '../parts/layout.tsx'
import { Time } from '../parts/time.tsx'
import { spread } from '../spread.ts'
import { counted, shownBytes, shownNumber, sizeOf } from '../words.ts'

export interface SessionData {
  readonly attributes: Readonly<Record<string, string>>
}

/** Attributes that are shown without asking. */
const SHOWN = 200

/** This session: who is logged in, and what hangs on the login. */
export function SessionPage({ attributes: given }: SessionData) {
  const { me, now } = useSurroundings()
  const [attributes, change] = useAttributes(given)
  const [isWhole, setIsWhole] = useState(false)
  const keys = [...attributes.keys()].sort()
  const shown = isWhole ? keys : keys.slice(0, SHOWN)
  return (
    <Layout name="session">
      <p>You are logged in.</p>
      <dl>
        <dt>User</dt>
        <dd>{me.fullname === '' ? me.uname : `${me.fullname} (${me.uname})`}</dd>
        <dt>Roles</dt>
        <dd>{me.roles.length === 0 ? 'none' : me.roles.join(', ')}</dd>
        <dt>Since</dt>
        <dd>
          <Time at={me.beganAt} />
        </dd>
        <dt>Ends</dt>
        <dd>
          <Time at={me.endsAt} />, later if you use it; <Time at={me.latestEndsAt} /> at the latest
        </dd>
        <dt>CSRF protection</dt>
        <dd>{me.csrfProtection ? 'on' : 'off'}</dd>
      </dl>
      <section aria-labelledby="attributes">
        <h2 id="attributes">Attributes</h2>
        <Room attributes={attributes} />
        {keys.length === 0 ? (
          <p class="empty">
            Nothing hangs on this login yet. What a program puts on it appears here at once.
          </p>
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
            <p class="empty">To change attributes on this page, your browser has to run its script.</p>
          </noscript>
        ) : (
          <AttributeForm has={(key) => attributes.has(key)} onPut={(key, value) => change(key, value)} />
        )}
      </section>
    </Layout>
  )
}

/** How much of what may hang on a session does. */
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

/** Milliseconds after which attributes that could not be read are asked for again; up to twice as many. */
const AGAIN = 5_000

/**
 * The attributes as they are now: as the page came, as this page changes them (null: deleted), and as others do. They are read anew, which is
 * no use of the session, as soon as changes are heard of, since some may have been before, and whenever something was missed.
 */
function useAttributes(given: SessionData['attributes']): readonly [Attributes, Change] {
  const { live, cloakroom } = useSurroundings()
  const [attributes, setAttributes] = useState<Attributes>(new Map(Object.entries(given)))
  /** What has changed since all were asked for, until the answer is there: it may be from before, and is changed likewise. */
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
      // Else somebody has asked again meanwhile.
      if (since.current !== steps) return
      since.current = null
      setAttributes(steps.reduce<Attributes>((before, step) => step(before), new Map(Object.entries(all))))
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      if (error.code === 'not_logged_in') leave()
      else if (since.current === steps) setTimeout(reread, spread(AGAIN, 1))
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

/** What a told event changes; null: deleted. */
function changesOf(
  event: Extract<LiveEvent, { kind: 'put' | 'delete' }>,
  before: Attributes,
): readonly (readonly [string, string | null])[] {
  if (event.kind === 'put') return Object.entries(event.attributes)
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

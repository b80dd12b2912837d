import { type Host, type Place, shownHost } from './place.ts'
import { NoSentinel, UnknownName } from './wires.ts'

/** What a user of Redis has to be allowed, as `ACL SETUSER` takes it. docs/operating.md says the same. */
export const RIGHTS =
  '~cloakroom:* +@read +@write +@scripting +@connection +@pubsub +info +role +wait +time +cluster &cloakroom:*'

/** Why Redis cannot be used, and what to do about it. `host`: of which server, if it is known. */
export function sentenceOf(error: unknown, place: Place, host: Host | null): string {
  const where = host === null ? place.hosts.map(shownHost).join(', ') : shownHost(host)
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UnknownName) {
    return `The sentinels at ${where} know no primary called ${place.name}. Name it as their "sentinel monitor" does.`
  }
  if (error instanceof NoSentinel) {
    const single = schemeOf({ ...place, mode: 'single' })
    return `What is at ${message} is no sentinel. Name sentinels of ${place.name}, or use ${single} for one server.`
  }
  const reason = (error as { code?: string } | null)?.code ?? message
  const known = SENTENCES.find(([words]) => words.test(reason))
  return known?.[1](where, place, reason) ?? noAnswer(where, place, reason)
}

const schemeOf = ({ mode, tls }: Pick<Place, 'mode' | 'tls'>) =>
  `redis${tls ? 's' : ''}${mode === 'single' ? '' : `+${mode}`}://`

/** How it shows that one side speaks TLS and the other does not: a Redis that does breaks off, and one that does not waits for more. */
const [BROKEN, MUTE] = [/ECONNRESET|EPIPE|closed unexpectedly/, /^no answer|timeout|^ERR_SSL/]

function noAnswer(where: string, place: Place, reason: string): string {
  const isMixedUp = BROKEN.test(reason) || (place.tls && MUTE.test(reason))
  const other = schemeOf({ ...place, tls: !place.tls })
  const hint = isMixedUp ? ` If it ${place.tls ? 'does not speak' : 'speaks'} TLS there, use ${other}.` : ''
  const what = place.tls ? 'answers by TLS' : 'answers'
  return `There is no Redis that ${what} at ${where} (${reason}). Start it, or name another with --store.${hint}`
}

type Sentence = (where: string, place: Place, reason: string) => string

/** By what Redis says. It repeats no password, and neither do these. */
const SENTENCES: readonly (readonly [RegExp, Sentence])[] = [
  [
    // The second is what TLS 1.2 says of it, and of much else.
    /ALERT_(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE)/,
    (where, _, reason) =>
      `Redis at ${where} breaks off TLS (${reason}). If it asks clients for certificates, set tls-auth-clients no there.`,
  ],
  [
    /ALTNAME_INVALID/,
    (where) =>
      `The certificate of Redis at ${where} is for another name or address. Connect to what it is for, or give it one for this.`,
  ],
  [
    /CERT_(HAS_EXPIRED|NOT_YET_VALID)/,
    (where, _, reason) =>
      `The certificate of Redis at ${where} does not hold at this time (${reason}). Renew it, or set the clock of this machine.`,
  ],
  [
    /CERT|SIGNATURE/,
    (where, _, reason) =>
      `The certificate of Redis at ${where} is not trusted (${reason}). ` +
      'Name the file of its authority in the environment variable NODE_EXTRA_CA_CERTS.',
  ],
  [
    /^WRONGPASS/,
    (where, { username }) =>
      `Redis at ${where} refuses the password of the user ${username ?? 'default'}. Correct user:password@ in --store.`,
  ],
  [
    /^NOAUTH|HELLO must be called/,
    (where) => `Redis at ${where} asks for a password. Put user:password@ before the host in --store.`,
  ],
  [
    /DB index is out of range|invalid DB index/,
    (where, { database }) =>
      `Redis at ${where} has no database ${database}. Name one that it has at the end of --store, such as /0.`,
  ],
  [/unknown command|NOPROTO/i, (where) => `Redis at ${where} is too old; use 7.0 or later, or Valkey.`],
  [
    /^MISCONF|^OOM/,
    (where, _, reason) =>
      `Redis at ${where} takes no writes (${reason.slice(0, 200)}). Make room for it, on its disk or in its memory.`,
  ],
  [/^LOADING/, (where) => `Redis at ${where} is still reading its data. Start again when it has.`],
  [
    /^NOPERM/,
    (where, { username }) =>
      `The user ${username ?? 'default'} of Redis at ${where} lacks a right. Give it ${RIGHTS}.`,
  ],
]

import { type Host, type Place, shownHost } from './place.ts'
import { UnknownName } from './wires.ts'

/** Why Redis cannot be used, and what to do about it. `host`: of which server, if it is known. */
export function sentenceOf(error: unknown, place: Place, host: Host | null): string {
  const where = host === null ? place.hosts.map(shownHost).join(', ') : shownHost(host)
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof UnknownName) {
    return `The sentinels at ${where} know no primary called ${place.name}. Name it as their "sentinel monitor" does.`
  }
  const code = (error as { code?: string } | null)?.code
  const known = SENTENCES.find(([words]) => words.test(code ?? message))
  if (known !== undefined) return known[1](where, place)
  const reason = code ?? message
  return `There is no Redis that answers at ${where} (${reason}). Start it, or name another with --store.`
}

type Sentence = (where: string, place: Place) => string

/** By what Redis says. It repeats no password, and neither do these. */
const SENTENCES: readonly (readonly [RegExp, Sentence])[] = [
  [
    /CERT|SIGNATURE/,
    (where) =>
      `Redis at ${where} has a certificate that is not trusted, or of another name. Name its authority in NODE_EXTRA_CA_CERTS.`,
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
  [/^LOADING/, (where) => `Redis at ${where} is still reading its data. Start again when it has.`],
  [
    /^NOPERM/,
    (where, { username }) =>
      `The user ${username ?? 'default'} of Redis at ${where} lacks a right. ` +
      'Give it ~cloakroom:* +@read +@write +@scripting +@connection +info +role +wait +cluster.',
  ],
]

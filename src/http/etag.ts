import { Refusal } from '../errors.ts'
import { handleOf } from '../store/store.ts'

/** Identifies a session at a version. It includes the handle, since each login starts counting anew. */
export const revisionOf = (id: string, version: number): string => `${handleOf(id)}.${version}`

export const etagOf = (id: string, version: number): string => `"${revisionOf(id, version)}"`

/** How many versions `If-Match` can name: each may take a store call. */
const MAX_VERSIONS = 8

/**
 * Returns the versions that `If-Match` allows for this session, in ascending order: one of them must match
 * (RFC 9110, 13.1.1). Null: any. Empty: the tags belong to other sessions. Throws if it is not a list of
 * tags.
 */
export function requiredVersions(ifMatch: string, id: string): readonly number[] | null {
  if (ifMatch.trim() === '*') return null
  const handle = handleOf(id)
  const tags = tagsIn('If-Match', ifMatch)
  if (tags.length === 0) throw noTag('If-Match', ifMatch)
  const versions = new Set(tags.filter((tag) => tag.handle === handle).map(({ version }) => version))
  if (versions.size > MAX_VERSIONS) {
    throw new Refusal(
      'malformed_request',
      `If-Match names ${versions.size} versions of this session; ${MAX_VERSIONS} at most. Send the ETag of the last read alone.`,
    )
  }
  return [...versions].sort((a, b) => a - b)
}

/** Tells whether `If-None-Match` names this session at this version. */
export function isNamed(ifNoneMatch: string, id: string, version: number): boolean {
  if (ifNoneMatch === etagOf(id, version) || ifNoneMatch.trim() === '*') return true
  const handle = handleOf(id)
  return tagsIn('If-None-Match', ifNoneMatch).some((tag) => tag.handle === handle && tag.version === version)
}

/** A tag and the comma after it. Old proxies write the name of the coding after the quotes. */
const LISTED_TAG = /\s*(?:(?:W\/)?"([^"]*)"([^\s",]*)\s*)?(?:,|$)/iy

/**
 * What a compressing proxy adds: `-gzip` and `-br` (Apache, Caddy), `--gzip` (Jetty), `;gz` and `;;;`
 * (LiteSpeed). The tag names a version, not bytes, so a change of the bytes does not matter.
 */
const OWN_TAG =
  /^([\w-]{22})\.(\d{1,15})(?:(?:--?|;{1,3}|[:+])(?:x-)?(?:gz|gzip|br|brotli|zst|zstd|df|deflate|compress|dcb|dcz)|;{2,3}){0,3}$/i

interface Tag {
  /** Empty for a tag that is not ours. */
  readonly handle: string
  readonly version: number
}

function tagsIn(header: string, value: string): readonly Tag[] {
  const tags: Tag[] = []
  LISTED_TAG.lastIndex = 0
  while (LISTED_TAG.lastIndex < value.length) {
    const match = LISTED_TAG.exec(value)
    if (match === null) throw noTag(header, value)
    const [, quoted, behind = ''] = match
    if (quoted === undefined) continue
    const [, handle = '', version] = OWN_TAG.exec(quoted + behind) ?? []
    tags.push({ handle, version: Number(version ?? 0) })
  }
  return tags
}

const noTag = (header: string, value: string) =>
  new Refusal(
    'malformed_request',
    value.trim() === ''
      ? `${header} is empty. Send the ETag of the session as it was read, quotes included, or leave the header out.`
      : `${header} is ${value.slice(0, 80).toWellFormed()}, and an ETag has quotes around it. Send it as it came, such as "…".`,
  )

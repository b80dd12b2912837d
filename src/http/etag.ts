import { Refusal } from '../errors.ts'
import { handleOf } from '../store/store.ts'

/** A session at a version. The handle is in it, since another login begins to count anew. */
export const revisionOf = (id: string, version: number): string => `${handleOf(id)}.${version}`

export const etagOf = (id: string, version: number): string => `"${revisionOf(id, version)}"`

/** The version that `If-Match` asks this session to have: null for any, and one that no session has for the tag of another. */
export function versionOf(ifMatch: string, id: string): number | null {
  if (ifMatch.trim() === '*') return null
  const [, handle, version] = /^\s*"([\w-]+)\.(\d+)"\s*$/.exec(ifMatch) ?? []
  if (ifMatch.includes(','))
    throw new Refusal('malformed_request', 'If-Match takes one ETag, that of the session as it was read.')
  return handle === handleOf(id) ? Number(version) : NO_VERSION
}

/** Versions begin at 1. */
const NO_VERSION = 0

/** Whether `If-None-Match` names this tag. The comparison is weak (RFC 9110, 13.1.2). */
export const isNamed = (ifNoneMatch: string, etag: string): boolean =>
  ifNoneMatch.trim() === '*' || ifNoneMatch.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)

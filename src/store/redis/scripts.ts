import { hash } from 'node:crypto'

/** Lua that Redis runs in one step, without anything else in between. */
export interface Script {
  readonly text: string
  /** By which Redis knows it once it has seen it. */
  readonly sha: string
}

/**
 * `frees`: it runs also where there is no memory left, since what it does gives some back or ends a login, which must not fail for
 * that, or is bounded. `reads`: it changes nothing. A script touches keys of one slot alone, as a cluster demands.
 */
export function newScript(kind: 'writes' | 'frees' | 'reads', lua: string): Script {
  const flags = { writes: '', frees: ' flags=allow-oom', reads: ' flags=no-writes' }[kind]
  const text = `#!lua${flags}\n${lua}`
  return { text, sha: hash('sha1', text, 'hex') }
}

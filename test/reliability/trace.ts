/** One line of what strace saw: a call that began, ended, or both. */
export interface Call {
  readonly name: string
  /** What its descriptor is: a path, or the two ends of a connection. */
  readonly of: string
  /** Its arguments, as far as they were shown. */
  readonly text: string
  /** Lines of the trace in which it began and returned. The order of the lines is that of the events, of all threads. */
  readonly beganAt: number
  readonly endedAt: number
}

const BEGIN = /^(\d+) +(\w+)\(\d+<(.*?)>(?:, (.*?))?(?:\)? += |\s*<unfinished \.\.\.>)/
const RESUMED = /^(\d+) +<\.\.\. (\w+) resumed>/

/** The calls in the output of `strace -f -yy`, in the order in which they began. One that never returned ends after the last line. */
export function callsIn(trace: string): Call[] {
  const calls: { -readonly [Key in keyof Call]: Call[Key] }[] = []
  const underway = new Map<string, (typeof calls)[number]>()
  for (const [line, text] of trace.split('\n').entries()) {
    const [, thread = '', name = '', of = '', rest = ''] = BEGIN.exec(text) ?? []
    if (name !== '') {
      const call = { name, of, text: rest, beganAt: line, endedAt: line }
      calls.push(call)
      if (!text.endsWith('<unfinished ...>')) continue
      call.endedAt = Number.POSITIVE_INFINITY
      underway.set(thread, call)
      continue
    }
    const [, resumed = ''] = RESUMED.exec(text) ?? []
    const call = underway.get(resumed)
    if (call !== undefined) call.endedAt = line
    underway.delete(resumed)
  }
  return calls
}

/** Which file the thread that writes opens, and whether this process holds it alone, and so has nobody to tell of its commits. */
export interface Opening {
  readonly path: string
  readonly alone: boolean
}

/** What the thread is told at the end, instead of a batch. */
export const CLOSE = 'close'

/** The same where the file is no longer at its path: the log is folded into it first, wherever it is now, and left empty. */
export const CLOSE_MOVED = 'close moved'

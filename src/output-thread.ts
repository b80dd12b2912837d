import { writeSync } from 'node:fs'
import type { Written } from './output.ts'

declare const self: Worker

// A write may wait for its reader for ever. Only this thread waits, and it does not keep the process alive.
self.onmessage = ({ data }: MessageEvent<{ descriptor: number; bytes: Uint8Array }>) => {
  // A reply to anything else would be taken for the result of a pending write.
  if (data.bytes instanceof Uint8Array) self.postMessage(tryToWrite(data.descriptor, data.bytes))
}

function tryToWrite(descriptor: number, bytes: Uint8Array): Written {
  try {
    return { bytes: writeSync(descriptor, bytes), code: null }
  } catch (error) {
    return { bytes: 0, code: (error as { code?: string }).code ?? String(error) }
  }
}

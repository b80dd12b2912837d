import { fdatasyncSync, openSync, writeSync } from 'node:fs'

/** The thread that keeps what was put. First message: the file. Every later one: a text that is on disk before the thread answers. */
declare const self: Worker

/** Bytes after which the log begins anew in its own place, so that the file system has nothing to do but to keep what is written. */
const ROOM = 16 * 1_048_576

self.onmessage = ({ data: path }: MessageEvent<string>) => {
  const log = openSync(path, 'w')
  writeSync(log, Buffer.alloc(ROOM))
  fdatasyncSync(log)
  let end = 0
  self.onmessage = ({ data }: MessageEvent<string>) => {
    const bytes = Buffer.from(data)
    if (end + bytes.length > ROOM) end = 0
    writeSync(log, bytes, 0, bytes.length, end)
    end += bytes.length
    fdatasyncSync(log)
    self.postMessage(null)
  }
}

import { fdatasyncSync, openSync, writeSync } from 'node:fs'

/**
 * The thread that stores puts. The first message names the file. Every later one is a text that the thread
 * syncs before it replies.
 */
declare const self: Worker

/**
 * Bytes after which the log starts again at its beginning, so that the file system only has to store what is
 * written.
 */
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

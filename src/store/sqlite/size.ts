import { stat } from 'node:fs/promises'
import { StoreFault } from '../../errors.ts'

/** Bytes of the file and of the log beside it. */
export async function bytesOf(path: string): Promise<number> {
  try {
    const sizes = await Promise.all([sizeOf(path), sizeOf(`${path}-wal`)])
    return sizes.reduce((sum, size) => sum + size, 0)
  } catch (cause) {
    throw new StoreFault('store_unavailable', `The database cannot be measured: ${cause}`, cause)
  }
}

/** 0 where there is none: whoever closes the file last takes the log with it. */
async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return 0
    throw error
  }
}

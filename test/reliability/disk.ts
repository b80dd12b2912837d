import { mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A small file system of its own, in memory. */
export interface Disk extends Disposable {
  readonly path: string
  /** Makes it larger. Everything on it stays. */
  resize(mebibytes: number): void
  /** Takes up all of the room that is left but so many pages of 4 KiB. */
  fillUp(pagesLeft: number): void
  /** Gives that room back. */
  makeRoom(): void
}

function mount(...args: readonly string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(['mount', '-t', 'tmpfs', ...args])
  if (exitCode !== 0) throw new Error(`A file system cannot be mounted: ${stderr}`)
}

/** `using disk = openDisk(4)` lets go of it at the end of the block. */
export function openDisk(mebibytes: number): Disk {
  const path = mkdtempSync(join(tmpdir(), 'cloakroom-disk-'))
  const ballast = join(path, 'ballast')
  try {
    mount('-o', `size=${mebibytes}m`, 'tmpfs', path)
  } catch (error) {
    rmSync(path, { recursive: true })
    throw error
  }
  return {
    path,
    resize: (size) => mount('-o', `remount,size=${size}m`, 'tmpfs', path),
    fillUp: (pagesLeft) =>
      writeFileSync(ballast, Buffer.alloc((statfsSync(path).bavail - pagesLeft) * 4_096)),
    makeRoom: () => rmSync(ballast),
    [Symbol.dispose]() {
      // Lazily: a server that was killed a moment ago may not have let go of it.
      Bun.spawnSync(['umount', '-l', path])
      rmSync(path, { recursive: true, force: true })
    },
  }
}

/** Why no disk can be had, or null. */
export function cannotMount(): string | null {
  if (process.platform !== 'linux') return 'only Linux has tmpfs'
  if (process.getuid?.() !== 0) return 'only root may mount a file system'
  try {
    openDisk(1)[Symbol.dispose]()
    return null
  } catch (error) {
    return (error as Error).message
  }
}

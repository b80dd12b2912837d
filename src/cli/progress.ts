import type { Progress } from '../store/copy.ts'

/** Milliseconds between two looks of the bar, and between two lines where there is no terminal. */
const [BAR, LINE] = [100, 3_000]

/** Characters of the bar. */
const WIDTH = 30

export interface Screen {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/** How far something is: a bar on a terminal, which `end` takes away, else a line now and then. `clock`: milliseconds, from whenever. */
export function newProgress(screen: Screen, clock: () => number): Progress & { end(): void } {
  const isBar = screen.isTTY === true
  let [doing, done, total, shownAt] = ['', 0, 0, 0]
  const show = (): void => {
    shownAt = clock()
    const count = `${done.toLocaleString('en')} of ${total.toLocaleString('en')}`
    if (!isBar) {
      screen.write(`${doing}: ${count}\n`)
      return
    }
    const part = total === 0 ? 1 : done / total
    const full = Math.floor(part * WIDTH)
    const bar = '█'.repeat(full) + '░'.repeat(WIDTH - full)
    screen.write(`\r\x1b[K${doing} ${bar} ${Math.floor(part * 100)}% (${count})`)
  }
  return {
    begin(what, all) {
      ;[doing, done, total, shownAt] = [what, 0, all, clock()]
      if (isBar) show()
    },
    advance() {
      done++
      if (clock() - shownAt >= (isBar ? BAR : LINE)) show()
    },
    end() {
      if (isBar) screen.write('\r\x1b[K')
    },
  }
}

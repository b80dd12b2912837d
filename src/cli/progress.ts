import type { Progress } from '../store/copy.ts'

/** Milliseconds between two updates of the bar, and between two lines where there is no terminal. */
const [BAR_PERIOD_MS, LINE_PERIOD_MS] = [100, 3_000]

/** The bar's width in characters. */
const BAR_LENGTH = 30

export interface Screen {
  readonly isTTY?: boolean
  write(text: string): unknown
}

/**
 * Shows progress: a bar on a terminal, which `end` removes, or else a line every 3 seconds. `clock` returns
 * milliseconds from any starting point.
 */
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
    const full = Math.floor(part * BAR_LENGTH)
    const bar = '█'.repeat(full) + '░'.repeat(BAR_LENGTH - full)
    screen.write(`\r\x1b[K${doing} ${bar} ${Math.floor(part * 100)}% (${count})`)
  }
  return {
    begin(what, all) {
      ;[doing, done, total, shownAt] = [what, 0, all, clock()]
      if (isBar) show()
    },
    advance() {
      done++
      if (clock() - shownAt >= (isBar ? BAR_PERIOD_MS : LINE_PERIOD_MS)) show()
    },
    end() {
      if (isBar) screen.write('\r\x1b[K')
    },
  }
}

import { tracingChannel } from 'node:diagnostics_channel'

const PARTS = ['start', 'end', 'asyncStart', 'asyncEnd', 'error'] as const

/**
 * Lets the client see that nobody traces its commands. It asks a channel by `hasSubscribers`, which Node has and Bun 1.4 lacks, and
 * else prepares what it would tell about each command: a fifth of what a read costs it.
 */
export function letTracingRest(): void {
  const prototype = Object.getPrototypeOf(tracingChannel('cloakroom'))
  if ('hasSubscribers' in prototype) return
  Object.defineProperty(prototype, 'hasSubscribers', {
    configurable: true,
    get(this: Record<(typeof PARTS)[number], { readonly hasSubscribers: boolean } | undefined>) {
      return PARTS.some((part) => this[part]?.hasSubscribers === true)
    },
  })
}

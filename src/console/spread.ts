/**
 * Adds a random share, at most `share`, to a delay: pages that lost a server together must not all come back
 * at once.
 */
export const spread = (ms: number, share: number, random: () => number = Math.random): number =>
  ms + Math.round(random() * share * ms)

/**
 * A time to wait, longer by a random share of it at most this large: pages that lost a server together do not ask
 * again together.
 */
export const spread = (ms: number, share: number, random: () => number = Math.random): number =>
  ms + Math.round(random() * share * ms)

/** The slot of a cluster that a key is in: CRC16 (XMODEM) of what stands in its first braces, as the specification of clusters says. */
export function slotOf(key: string): number {
  const known = slots.get(key.slice(0, TAG))
  if (known !== undefined) return known
  const open = key.indexOf('{')
  const slot = crc16(Buffer.from(key.slice(open + 1, key.indexOf('}', open)))) % 16_384
  slots.set(key.slice(0, TAG), slot)
  return slot
}

/** The slots that are on their way from a node to another, by what it answers to `CLUSTER NODES`. */
export const leavingIn = (nodes: string): readonly number[] =>
  [...nodes.matchAll(/ \[(\d+)->-/g)].map(([, slot]) => Number(slot))

/** Characters of `cloakroom:{xx}`: by them the few tags that there are can be told apart. */
const TAG = 14

const slots = new Map<string, number>()

function crc16(bytes: Uint8Array): number {
  let crc = 0
  for (const byte of bytes) {
    crc ^= byte << 8
    for (let bit = 0; bit < 8; bit++) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff
  }
  return crc
}

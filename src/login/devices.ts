import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { CLOCK_LEEWAY, type Clock } from '../session/lifetime.ts'
import type { Millis, StoredUser } from '../store/store.ts'

/** How long a device cookie is valid. Browsers keep no cookie longer than 400 days (RFC 6265bis, 5.5). */
export const DEVICE_LIFETIME: Millis = 400 * 86_400_000

/** How many users a browser is remembered for: those who logged in last. */
const MAX_USERS = 4

/** How many entries of a request's device cookies are checked. */
const MAX_ENTRIES_CHECKED = 8

const NAME_BYTES = 12
const TIME_BYTES = 6
const STAMP_BYTES = 6
const TAG_BYTES = 18
const SIGNED_BYTES = NAME_BYTES + TIME_BYTES + STAMP_BYTES
/** 42 bytes in base64url, with no spare bits. */
const ENTRY = /^[\w-]{56}$/

/**
 * Recognises browsers by a device cookie (OWASP, "Device cookies"). It proves only that the browser logged in
 * before as a user. It opens no session; it only lets the browser try passwords after strangers have used up
 * the attempts of its address.
 *
 * A cookie has an entry for each user who logged in there: a random name, an instant, a tag of the user's
 * generation, and a signature over these and the user's name, which the cookie does not contain. No store
 * keeps any of it. Whatever ends all logins of a user, such as a new password, changes the generation and so
 * invalidates the entry.
 */
export class Devices {
  readonly #secret: string
  readonly #clock: Clock

  /** `secret` is the same on every node. */
  constructor(secret: string, clock: Clock) {
    this.#secret = secret
    this.#clock = clock
  }

  /**
   * Returns the name of the device that one of these cookies gives this user, or null. Calls `readUser` only
   * if a signed entry names the user, so that clients cannot find out which users exist.
   */
  async find(
    cookies: readonly string[],
    uname: string,
    readUser: () => Promise<Pick<StoredUser, 'generation'> | null>,
  ): Promise<string | null> {
    const entries = entriesIn(cookies).filter((each) => this.#isOf(each, uname))
    const user = entries.length === 0 ? null : await readUser()
    if (user === null) return null
    const stamp = this.#stamp(uname, user.generation)
    return entries.find((each) => isSame(stampIn(each), stamp))?.toString('base64url', 0, NAME_BYTES) ?? null
  }

  /**
   * Returns the cookie's value for a browser that has just logged in as a user. Keeps the entries of other
   * users.
   */
  newCookie(
    cookies: readonly string[],
    { uname, generation }: Pick<StoredUser, 'uname' | 'generation'>,
  ): string {
    const time = Buffer.alloc(TIME_BYTES)
    time.writeUIntBE(this.#clock(), 0, TIME_BYTES)
    const signed = Buffer.concat([randomBytes(NAME_BYTES), time, this.#stamp(uname, generation)])
    const entry = Buffer.concat([signed, this.#sign(signed, uname)])
    const others = entriesIn(cookies).filter((each) => !this.#isOf(each, uname))
    return [entry, ...others.slice(0, MAX_USERS - 1)].map((each) => each.toString('base64url')).join('.')
  }

  /** Tells whether this server made the entry for this user and the entry has not expired. */
  #isOf(entry: Buffer, uname: string): boolean {
    const madeAt = entry.readUIntBE(NAME_BYTES, TIME_BYTES)
    const now = this.#clock()
    return (
      isSame(entry.subarray(SIGNED_BYTES), this.#sign(entry.subarray(0, SIGNED_BYTES), uname)) &&
      madeAt <= now + CLOCK_LEEWAY &&
      now < madeAt + DEVICE_LIFETIME
    )
  }

  #sign(signed: Buffer, uname: string): Buffer {
    return createHmac('sha256', this.#secret)
      .update('device ')
      .update(signed)
      .update(uname)
      .digest()
      .subarray(0, TAG_BYTES)
  }

  #stamp(uname: string, generation: number): Buffer {
    return createHmac('sha256', this.#secret)
      .update(`generation ${generation} ${uname}`)
      .digest()
      .subarray(0, STAMP_BYTES)
  }
}

const stampIn = (entry: Buffer) => entry.subarray(NAME_BYTES + TIME_BYTES, SIGNED_BYTES)

const isSame = (a: Buffer, b: Buffer) => a.length === b.length && timingSafeEqual(a, b)

function entriesIn(cookies: readonly string[]): Buffer[] {
  const texts = cookies.flatMap((cookie) => cookie.split('.', MAX_ENTRIES_CHECKED))
  return texts
    .filter((text) => ENTRY.test(text))
    .slice(0, MAX_ENTRIES_CHECKED)
    .map((text) => Buffer.from(text, 'base64url'))
}

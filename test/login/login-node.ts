import { Devices } from '../../src/login/devices.ts'
import { type Attempt, Login } from '../../src/login/login.ts'
import type { Passwords } from '../../src/login/passwords.ts'
import { Throttle } from '../../src/login/throttle.ts'
import { Users } from '../../src/login/users.ts'
import { newLifetime } from '../../src/session/lifetime.ts'
import { Sessions } from '../../src/session/sessions.ts'
import { Touches } from '../../src/session/touches.ts'
import type { Store } from '../../src/store/store.ts'

const NOW = Date.UTC(2030, 0, 1)
const ENOUGH = { attempts: 1_000_000, window: 60_000 }

/** The password of bob. */
export const PASSWORD = 'bob likes long passwords'

export type LoginNode = ReturnType<typeof newLoginNode>

/** A node on a store, as far as logins go. Nodes of one test share the passwords, which have threads of their own. */
export function newLoginNode(store: Store, passwords: Passwords) {
  const clock = () => NOW
  const lifetime = newLifetime({ idle: 1_800_000, lifetime: 43_200_000, fresh: 600_000 }, 600_000)
  const limits = {
    keyBytes: 256,
    valueBytes: 65_536,
    attributes: 1_024,
    sessionBytes: 1_048_576,
    userBytes: 1_048_576,
    shareBytes: 1_048_576,
  }
  const touches = new Touches(store, lifetime, clock, () => {})
  const users = new Users(store, passwords, clock)
  const sessions = new Sessions({
    ...{ store, limits, lifetime, touches, clock, secret: 'secret' },
    limit: { perUser: 100, atLimit: 'end-oldest' },
    displaced() {},
    fault(error) {
      throw error
    },
  })
  const devices = new Devices('secret', clock)
  const throttle = new Throttle(store, clock, ENOUGH, ENOUGH)
  const login = new Login({ users, passwords, throttle, sessions, devices, keepsTokens: true })
  /** Logs in as bob, or as what is given says, by a program without protection. */
  const logIn = (attempt: Partial<Attempt> = {}) =>
    login.logIn({
      uname: 'bob',
      password: PASSWORD,
      isProtected: false,
      presented: [],
      isProgram: true,
      devices: [],
      address: '192.0.2.7',
      userAgent: 'curl',
      ...attempt,
    })
  return { users, sessions, logIn }
}

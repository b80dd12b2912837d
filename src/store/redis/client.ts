import { createClient, RESP_TYPES } from 'redis'
import { within } from '../../wait.ts'
import type { Host, Place } from './place.ts'
import { noAnswerIn } from './replies.ts'
import { letTracingRest } from './tracing.ts'

/** One connection to one server, which is never made anew by itself. */
export interface Client {
  send(args: readonly string[]): Promise<unknown>
  /** Subscribes to a sharded channel. Should its slot move to another server, the connection counts as lost. */
  subscribe(channel: string, heard: (message: string) => void): Promise<void>
  unsubscribe(channel: string): Promise<void>
  /** Waits for the answers that are still to come. */
  close(): Promise<void>
  destroy(): void
}

letTracingRest()

/**
 * Maps come as arrays: keys are any text, and as fields of an object some mean something else. The client's own timeout would make a
 * timer for each command, and ends when the command has been sent.
 */
export const commandOptions = { typeMapping: { [RESP_TYPES.MAP]: Array }, timeout: 0 }

export const loginOf = ({ username, password }: Place) => ({
  ...(username === null ? {} : { username }),
  ...(password === null ? {} : { password }),
})

/**
 * Of a connection to whichever host, so that none is made without TLS where that is asked for. It names no server: the certificate
 * has to be for the very name or address that is connected to, which of an address cannot be said in the handshake.
 */
export const socketOf = ({ tls }: Place, timeout: number) => ({
  connectTimeout: timeout,
  reconnectStrategy: false as const,
  ...(tls ? { tls: true as const } : {}),
})

/**
 * Connects within `timeout` milliseconds, or rejects. `lost` is called when the connection ends by itself, and whatever was under way
 * has then been rejected; nothing is ever sent twice.
 */
export async function connect(place: Place, host: Host, timeout: number, lost: () => void): Promise<Client> {
  const client = createClient({
    socket: { ...host, ...socketOf(place, timeout) },
    ...loginOf(place),
    database: place.database,
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    commandOptions,
  })
  client.on('error', lost)
  client.on('sharded-channel-moved', lost)
  // A server that stands still takes connections and says nothing.
  try {
    await within(timeout, client.connect(), () => noAnswerIn(timeout))
  } catch (error) {
    client.destroy()
    throw error
  }
  return {
    send: (args) => client.sendCommand(args),
    subscribe: (channel, heard) => client.sSubscribe(channel, heard),
    unsubscribe: (channel) => client.sUnsubscribe(channel),
    close: async () => {
      if (client.isOpen) await client.close()
    },
    destroy: () => client.destroy(),
  }
}

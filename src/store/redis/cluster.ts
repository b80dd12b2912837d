import { createCluster } from 'redis'
import { within } from '../../wait.ts'
import { type Client, commandOptions, connect, loginOf, socketOf } from './client.ts'
import { type Connection, connectionOf, writeInTime } from './clock.ts'
import type { Wire } from './link.ts'
import { type Host, type Place, shownHost } from './place.ts'
import { follow } from './redirects.ts'
import { ConnectionLost, noAnswerIn } from './replies.ts'
import { slotOf } from './slots.ts'

/** The part of the time for an answer in which commands are sent; the rest is for the last of them to be answered. */
const SENDING = 0.75

/**
 * The way to all nodes of a cluster. `lost` is called when one of them is: another may have taken its place, so the nodes are asked
 * anew. A command that was answered with where its key is now was not done, and goes there.
 */
export async function openCluster(place: Place, timeout: number, lost: () => void): Promise<Wire> {
  const cluster = createCluster({
    rootNodes: place.hosts.map((host) => ({ socket: { ...host } })),
    // A node that is away must not keep the others from being connected to.
    minimizeConnections: true,
    defaults: {
      socket: socketOf(place, timeout),
      ...loginOf(place),
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    },
  })
  cluster.on('error', lost)
  cluster.on('node-error', lost)
  try {
    await within(timeout, cluster.connect(), () => noAnswerIn(timeout))
  } catch (error) {
    cluster.destroy()
    throw error
  }
  const masterOf = (key: string) => {
    const node = cluster.slots[slotOf(key)]?.master
    if (node === undefined) throw new ConnectionLost('no node of the cluster has the slot of the key')
    return node
  }
  const arriving = new Arriving(place, timeout)
  const around = {
    async connectionTo(key: string): Promise<Connection> {
      const client = await cluster.nodeClient(masterOf(key))
      return connectionOf(client, (args) => client.sendCommand(args, commandOptions))
    },
    connectionAt: (address: string, key: string) => arriving.connectionAt(address, masterOf(key).host),
    async relearn(key: string): Promise<void> {
      // The client asks the node that says where else it is.
      await cluster.sendCommand(key, false, ['EXISTS', key], commandOptions).catch(() => {})
    },
  }
  const patience = SENDING * timeout
  const pending = new Pending()
  return {
    isMany: true,
    send: (key, args, isWide) =>
      pending.until(follow(around, { key, isWide, patience }, ({ send }) => send(args))),
    sendEach: (args) =>
      Promise.all(
        cluster.masters.map(async (master) =>
          (await cluster.nodeClient(master)).sendCommand(args, commandOptions),
        ),
      ),
    write: (command, wait) =>
      pending.until(
        follow(around, { ...command, patience }, (connection) => writeInTime(connection, command, wait)),
      ),
    hostOf: (key) => masterOf(key),
    async close() {
      // One that follows its key may have to send again.
      await pending.none()
      await Promise.all([cluster.close(), arriving.close()])
    },
    destroy() {
      cluster.destroy()
      arriving.destroy()
    },
  }
}

/** How many commands are under way. */
class Pending {
  #count = 0
  #done: (() => void) | null = null

  async until<T>(work: Promise<T>): Promise<T> {
    this.#count++
    try {
      return await work
    } finally {
      this.#count--
      if (this.#count === 0) this.#done?.()
    }
  }

  /** Resolves when none is. */
  none(): Promise<void> {
    return new Promise((resolve) => {
      this.#done = resolve
      if (this.#count === 0) resolve()
    })
  }
}

/**
 * Connections to nodes that slots are on their way to. Such a node may have no slot yet, and then the client does not know of it.
 */
class Arriving {
  readonly #place: Place
  readonly #timeout: number
  readonly #clients = new Map<string, Promise<Client>>()

  constructor(place: Place, timeout: number) {
    this.#place = place
    this.#timeout = timeout
  }

  /** To `host:port`, or to `:port` on the host that said so. */
  async connectionAt(address: string, said: string): Promise<Connection> {
    const at = address.lastIndexOf(':')
    const host = { host: address.slice(0, at) || said, port: Number(address.slice(at + 1)) }
    const client = await (this.#clients.get(shownHost(host)) ?? this.#connect(host))
    return connectionOf(client, client.send)
  }

  async close(): Promise<void> {
    await Promise.allSettled([...this.#clients.values()].map(async (client) => (await client).close()))
  }

  destroy(): void {
    for (const client of this.#clients.values()) {
      client.then(
        (made) => made.destroy(),
        () => {},
      )
    }
  }

  #connect(host: Host): Promise<Client> {
    const name = shownHost(host)
    const forget = () => {
      if (this.#clients.get(name) === client) this.#clients.delete(name)
    }
    const client = connect(this.#place, host, this.#timeout, forget)
    client.catch(forget)
    this.#clients.set(name, client)
    return client
  }
}

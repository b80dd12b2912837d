import { createCluster } from 'redis'
import { commandOptions, loginOf, socketOf } from './client.ts'
import type { Wire } from './link.ts'
import type { Place } from './place.ts'
import { ConnectionLost, isElsewhere } from './replies.ts'
import { slotOf } from './slots.ts'

/**
 * The way to all nodes of a cluster. `lost` is called when one of them is: another may have taken its place, so the nodes are asked
 * anew. A command that was answered with where its key is now was not done, and goes there.
 */
export async function openCluster(place: Place, timeout: number, lost: () => void): Promise<Wire> {
  const cluster = createCluster({
    rootNodes: place.hosts.map((host) => ({ socket: socketOf(place, host, timeout) })),
    // A node that is away must not keep the others from being connected to.
    minimizeConnections: true,
    defaults: {
      socket: { connectTimeout: timeout, reconnectStrategy: false },
      ...loginOf(place),
      disableOfflineQueue: true,
      disableClientInfo: true,
      maintNotifications: 'disabled',
    },
  })
  cluster.on('error', lost)
  cluster.on('node-error', lost)
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(new ConnectionLost(`no answer in ${timeout} ms`)), timeout)
  try {
    await Promise.race([cluster.connect(), late.promise])
  } catch (error) {
    cluster.destroy()
    throw error
  } finally {
    clearTimeout(timer)
  }
  const masterOf = (key: string) => {
    const node = cluster.slots[slotOf(key)]?.master
    if (node === undefined) throw new ConnectionLost('no node of the cluster has the slot of the key')
    return node
  }
  const nodeOf = async (key: string) => cluster.nodeClient(masterOf(key))
  return {
    isMany: true,
    async send(key, args) {
      try {
        return await (await nodeOf(key)).sendCommand(args, commandOptions)
      } catch (error) {
        if (!isElsewhere(error)) throw error
        return cluster.sendCommand(key, false, [...args], commandOptions)
      }
    },
    sendEach: (args) =>
      Promise.all(
        cluster.masters.map(async (master) =>
          (await cluster.nodeClient(master)).sendCommand(args, commandOptions),
        ),
      ),
    async sendConfirmed(key, args, wait) {
      const node = await nodeOf(key)
      const waiting = [node.sendCommand(args, commandOptions), node.sendCommand(wait)] as const
      try {
        const [reply, confirmed] = await Promise.all(waiting)
        return [reply, Number(confirmed)]
      } catch (error) {
        if (!isElsewhere(error)) throw error
        const reply = await cluster.sendCommand(key, false, [...args], commandOptions)
        return [reply, Number(await (await nodeOf(key)).sendCommand(wait))]
      }
    },
    hostOf: (key) => masterOf(key),
    close: async () => {
      await cluster.close()
    },
    destroy: () => cluster.destroy(),
  }
}

import { type Client, connect } from './client.ts'
import { connectionOf, writeInTime } from './clock.ts'
import type { Wire } from './link.ts'
import { type Host, type Place, shownHost } from './place.ts'
import { ConnectionLost, isLoginMissing, isUnknownCommand } from './replies.ts'

/** The way to the one server at the place, or to the primary that sentinels name. */
export async function openSingle(place: Place, timeout: number, lost: () => void): Promise<Wire> {
  const host = place.mode === 'sentinel' ? await primaryOf(place, timeout) : place.hosts[0]
  const client = await connect(place, host, timeout, lost)
  try {
    // Sentinels may name one that has just been demoted.
    if (place.mode === 'sentinel') await requirePrimary(client, host)
  } catch (error) {
    client.destroy()
    throw error
  }
  const connection = connectionOf(client, client.send)
  // Whoever writes first waits for it, if at all.
  connection.clock.measure().catch(() => {})
  return {
    isMany: false,
    send: (_, args) => client.send(args),
    sendEach: async (args) => [await client.send(args)],
    write: (command, wait) => writeInTime(connection, command, wait),
    hostOf: () => host,
    close: () => client.close(),
    destroy: () => client.destroy(),
  }
}

async function requirePrimary(client: Client, { host, port }: Host): Promise<void> {
  const [role] = (await client.send(['ROLE'])) as [string]
  if (role !== 'master') throw new ConnectionLost(`${host}:${port} is no primary`)
}

/** The sentinels know no primary of this name. */
export class UnknownName extends Error {
  override readonly name = 'UnknownName'
}

/** What is at a host that was named as a sentinel is none. */
export class NoSentinel extends Error {
  override readonly name = 'NoSentinel'
}

/** The sentinels are asked at once, since one that is away must not keep the others from answering. */
export async function primaryOf(place: Place, timeout: number): Promise<Host> {
  try {
    return await Promise.any(place.hosts.map((sentinel) => ask(place, sentinel, timeout)))
  } catch (error) {
    const { errors } = error as AggregateError
    // What a sentinel says counts more than what is none, and that more than who is away.
    const [first] = [UnknownName, NoSentinel].flatMap((kind) => errors.filter((each) => each instanceof kind))
    throw first ?? errors[0]
  }
}

async function ask(place: Place, sentinel: Host, timeout: number): Promise<Host> {
  const client = await connectSentinel(place, sentinel, timeout)
  try {
    const answer = await client.send(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', place.name]).catch((error) => {
      throw isUnknownCommand(error) ? new NoSentinel(shownHost(sentinel)) : error
    })
    if (answer === null) throw new UnknownName(place.name)
    const [host, port] = answer as [string, string]
    return { host, port: Number(port) }
  } finally {
    client.destroy()
  }
}

/** Sentinels often have no password where Redis has one, and then refuse it. */
async function connectSentinel(place: Place, sentinel: Host, timeout: number): Promise<Client> {
  const ignore = () => {}
  const open = { ...place, username: null, password: null, database: 0 }
  try {
    return await connect(open, sentinel, timeout, ignore)
  } catch (error) {
    if (place.password === null || !isLoginMissing(error)) throw error
    return connect({ ...place, database: 0 }, sentinel, timeout, ignore)
  }
}

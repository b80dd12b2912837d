import { RedisClient, SQL } from 'bun'

/** Returns the URL of an empty database on a Redis or PostgreSQL server that exists for tests only. */
export async function newSpace(server: string): Promise<string> {
  return server.startsWith('redis:') ? newNumber(server) : newDatabase(server)
}

/** The server counts, since each test file starts afresh. Its database 0 holds the count. */
async function newNumber(server: string): Promise<string> {
  const client = new RedisClient(server)
  try {
    return `${server}/${await client.send('INCR', ['spaces'])}`
  } finally {
    client.close()
  }
}

async function newDatabase(server: string): Promise<string> {
  const name = `d${crypto.randomUUID().replaceAll('-', '')}`
  const client = new SQL({ url: server, max: 1 })
  try {
    await client.unsafe(`CREATE DATABASE ${name} TEMPLATE template0`).simple()
    return server.replace(/[^/]*$/, name)
  } finally {
    await client.close()
  }
}

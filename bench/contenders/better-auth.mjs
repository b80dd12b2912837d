// better-auth on SQLite, as its manual sets it up, with additional fields of the session for what the bench keeps in it. It first fills
// its database, with the tokens and values that bench/sessions.ts makes.
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import Database from 'better-sqlite3'

const COUNT = Number(process.env.COUNT)
const ATTRIBUTES = Number(process.env.ATTRIBUTES)
const LIFETIME = 7 * 86_400_000

const names = [...Array.from({ length: ATTRIBUTES }, (_, k) => `a${k}`), 'w']
const database = new Database(process.env.DATABASE)
const options = {
  database,
  secret: process.env.SECRET,
  baseURL: 'http://127.0.0.1',
  emailAndPassword: { enabled: true },
  rateLimit: { enabled: false },
  telemetry: { enabled: false },
  session: {
    additionalFields: Object.fromEntries(names.map((name) => [name, { type: 'string', required: false }])),
  },
}

const { runMigrations } = await getMigrations(options)
await runMigrations()
fill()

const server = createServer(toNodeHandler(betterAuth(options)))
server.listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`))

function fill() {
  const now = new Date().toISOString()
  const expires = new Date(Date.now() + LIFETIME).toISOString()
  const user = database.prepare(
    'INSERT INTO user (id, name, email, emailVerified, createdAt, updatedAt) VALUES (?, ?, ?, 0, ?, ?)',
  )
  const columns = [
    'id',
    'token',
    'userId',
    'expiresAt',
    'createdAt',
    'updatedAt',
    ...names.slice(0, ATTRIBUTES),
  ]
  const session = database.prepare(
    `INSERT INTO session (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  )
  database.transaction(() => {
    for (let i = 0; i < COUNT; i++) {
      const token = hash('sha256', `session ${i}`, 'base64url')
      const values = Array.from({ length: ATTRIBUTES }, (_, k) => `value-${k}-${i}`.padEnd(20, '.'))
      user.run(`u${i}`, `User ${i}`, `user${i}@example.com`, now, now)
      session.run(`s${i}`, token, `u${i}`, expires, now, now, ...values)
    }
  })()
}

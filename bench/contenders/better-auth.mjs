// better-auth on SQLite or PostgreSQL, set up as in its manual, with additional session fields for the
// bench's values. It first fills its database with the tokens and values of bench/sessions.ts.
import { hash } from 'node:crypto'
import { createServer } from 'node:http'
import { betterAuth } from 'better-auth'
import { getMigrations } from 'better-auth/db/migration'
import { toNodeHandler } from 'better-auth/node'
import Database from 'better-sqlite3'
import pg from 'pg'

const COUNT = Number(process.env.COUNT)
const ATTRIBUTES = Number(process.env.ATTRIBUTES)
const LIFETIME = 7 * 86_400_000

const names = [...Array.from({ length: ATTRIBUTES }, (_, k) => `a${k}`), 'w']
const { SQLITE, POSTGRES } = process.env
const database = POSTGRES === undefined ? new Database(SQLITE) : new pg.Pool({ connectionString: POSTGRES })
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
await (POSTGRES === undefined ? fillSqlite() : fillPostgres())

const server = createServer(toNodeHandler(betterAuth(options)))
server.listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`))

function fillSqlite() {
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

async function fillPostgres() {
  const numbers = `generate_series(0, ${COUNT - 1}) AS i`
  await database.query(
    `INSERT INTO "user" (id, name, email, "emailVerified", "createdAt", "updatedAt")
       SELECT 'u' || i, 'User ' || i, 'user' || i || '@example.com', false, now(), now() FROM ${numbers}`,
  )
  const kept = names.slice(0, ATTRIBUTES)
  const values = kept.map((_, k) => `rpad('value-${k}-' || i, 20, '.')`)
  const token = `translate(encode(sha256(convert_to('session ' || i, 'UTF8')), 'base64'), '+/=', '-_')`
  await database.query(
    `INSERT INTO session (id, token, "userId", "expiresAt", "createdAt", "updatedAt", ${kept.join(', ')})
       SELECT 's' || i, ${token}, 'u' || i, now() + interval '${LIFETIME} ms', now(), now(), ${values.join(', ')}
         FROM ${numbers}`,
  )
  await database.query('VACUUM ANALYZE')
}

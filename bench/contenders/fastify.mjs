// Fastify with @fastify/session and connect-redis, set up as in their manuals. Not rolling, which would write
// each session that is read; `secure` off, since the bench uses plain http.
import cookie from '@fastify/cookie'
import session from '@fastify/session'
import { RedisStore } from 'connect-redis'
import Fastify from 'fastify'
import { createClient } from 'redis'

const client = createClient({ url: process.env.REDIS })
await client.connect()

const app = Fastify()
await app.register(cookie)
await app.register(session, {
  store: new RedisStore({ client }),
  secret: process.env.SECRET,
  cookie: { secure: false },
  rolling: false,
  saveUninitialized: false,
})
app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) =>
  done(null, Object.fromEntries(new URLSearchParams(body))),
)

app.get('/get', (request, reply) => {
  const { key } = request.query
  const found = {}
  for (const each of Array.isArray(key) ? key : [key]) {
    const value = request.session.get(each)
    if (value !== undefined) found[each] = value
  }
  reply.header('Cache-Control', 'no-store').send(found)
})

app.post('/put', (request, reply) => {
  for (const [key, value] of Object.entries(request.body)) request.session.set(key, value)
  reply.header('Cache-Control', 'no-store').send({})
})

await app.listen({ host: '127.0.0.1', port: 0 })
process.stdout.write(`port ${app.server.address().port}\n`)

// Express with express-session and connect-redis, set up as in their manuals.
import { RedisStore } from 'connect-redis'
import express from 'express'
import session from 'express-session'
import { createClient } from 'redis'

const client = createClient({ url: process.env.REDIS })
await client.connect()

const app = express()
app.use(
  session({
    store: new RedisStore({ client }),
    secret: process.env.SECRET,
    resave: false,
    saveUninitialized: false,
  }),
)

app.get('/get', (request, response) => {
  const { key } = request.query
  const found = {}
  for (const each of Array.isArray(key) ? key : [key]) {
    if (request.session[each] !== undefined) found[each] = request.session[each]
  }
  response.set('Cache-Control', 'no-store').json(found)
})

app.post('/put', express.urlencoded(), (request, response) => {
  Object.assign(request.session, request.body)
  response.set('Cache-Control', 'no-store').json({})
})

const server = app.listen(0, '127.0.0.1', () => process.stdout.write(`port ${server.address().port}\n`))

import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import Fastify from 'fastify'

async function* pieces() {
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    yield `${number}\n`
  }
}

const routes = async (app, { prefix }) => {
  app.get('/', (request, reply) =>
    reply.type('text/html').send(`Hello from Fastify <a href="${prefix}/hello/ann">ann</a>`),
  )

  app.get('/hello/:who', (request) => `${request.params.who}|${request.query.q}`)

  app.post('/form', ({ body }) => `${body.get('name')}|${body.get('note')}`)

  app.post('/upload', async ({ body }) => {
    const file = body.get('file')
    const digest = createHash('sha256').update(await file.bytes())
    return [body.get('note'), file.name, file.size, digest.digest('hex')].join('|')
  })

  app.get('/visits', (request, reply) => {
    const count = Number(/visits=(\d+)/.exec(request.headers.cookie ?? '')?.[1] ?? 0) + 1
    return reply.header('Set-Cookie', `visits=${count}; Path=/`).send(String(count))
  })

  app.get('/go', (request, reply) => reply.redirect(`${prefix}/hello/ann`))

  app.get('/stream', (request, reply) => reply.type('text/plain').send(Readable.from(pieces())))

  app.get('/broken', (request) => {
    throw new Error(`broken on purpose: ${request.query.q}`)
  })
}

async function make(prefix) {
  const app = Fastify({ bodyLimit: 2 ** 21, logger: { level: 'error' } })
  // As the platform reads forms.
  app.addContentTypeParser(/^(?:multipart\/form-data|application\/x-www-form-urlencoded)\b/, (request, body) =>
    new Response(Readable.toWeb(body), { headers: { 'Content-Type': request.headers['content-type'] } }).formData(),
  )
  await app.register(routes, { prefix })
  await app.ready()
  return app.routing
}

export const app = await make('')
export const below = await make('/x')

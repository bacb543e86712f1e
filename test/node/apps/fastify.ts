import { Readable } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'

/** What the hooks saw. */
export const events: string[] = []

export const app: FastifyInstance = fastify()
app.addHook('onRequestAbort', async ({ url }) => void events.push(`abort ${url}`))
app.addHook('onClose', (_, done) => {
  events.push('close')
  done()
})
app.get(
  '/json',
  { schema: { response: { 200: { type: 'object', properties: { a: { type: 'number' } } } } } },
  async () => ({
    a: 1,
    hidden: 2,
  }),
)
app.post('/echo', async (request) => request.body)
app.get('/stream', async (_, reply) => reply.type('text/plain').send(Readable.from(['a', 'b'])))
app.get('/web', async () => new Response('web', { status: 201, headers: { 'x-a': '1' } }))
app.get('/raise', async () => {
  throw new Error('raised')
})
app.get('/redirect', async (_, reply) => reply.redirect('/json'))
app.get('/request', async ({ url, originalUrl, ip, protocol, host }) => ({ url, originalUrl, ip, protocol, host }))
app.get('/hang', () => new Promise(() => {}))

/** Node's own way to use an instance that does not listen. */
export const wrapped = async (request: never, response: never): Promise<void> => {
  await app.ready()
  app.server.emit('request', request, response)
}

/** Does not get ready. */
export const unready: FastifyInstance = fastify()
unready.register(() => Promise.reject(new Error('the database is not there')))

import { Hono } from 'hono'
import { stream, streamSSE } from 'hono/streaming'
import type { FetchEnv } from '../../../sidecar/handlers/fetch/handle.ts'

const app = new Hono<{ Bindings: FetchEnv }>()

app.get('/hello', (c) => c.text('Hello'))
app.get('/json', (c) => c.json({ query: c.req.query(), header: c.req.header('x-a') ?? null, all: c.req.header() }))
app.post('/json', async (c) => c.json(await c.req.json()))
app.post('/form', async (c) => c.json(await c.req.parseBody()))
app.post('/text', async (c) => c.text(await c.req.text()))
app.post('/bytes', async (c) => c.body(await c.req.arrayBuffer()))
app.post('/stream', (c) => new Response(c.req.raw.body))
app.get('/env', (c) => c.text(c.env.environ.REMOTE_ADDR ?? ''))
app.get('/cookies', (c) => {
  c.header('Set-Cookie', 'a=1')
  c.header('Set-Cookie', 'b=2', { append: true })
  return c.body(null, 204)
})
app.get('/redirect', (c) => c.redirect('/hello'))
app.get('/throws', () => {
  throw new Error('thrown')
})
app.get('/chunks', (c) =>
  stream(c, async (out) => {
    await out.write('a')
    await out.write('b')
  }),
)
app.get('/events', (c) =>
  streamSSE(c, async (out) => {
    await out.writeSSE({ data: '1' })
    await out.writeSSE({ data: '2' })
  }),
)
app.get('/user/:name{.+}', (c) => c.text(c.req.param('name')))

export default app

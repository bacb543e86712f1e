import { setTimeout as pause } from 'node:timers/promises'
import { createHash } from 'node:crypto'
import { Hono } from 'hono'
import { getSignedCookie, setSignedCookie } from 'hono/cookie'
import { streamText } from 'hono/streaming'

const SECRET = 'a secret of the tests'

function make(prefix) {
  // Strict, it takes /x for the front page and not /x/.
  const app = new Hono({ strict: false }).basePath(prefix || '/')

  app.get('/', (c) => c.html(`Hello from Hono <a href="${prefix}/hello/ann">ann</a>`))

  app.get('/hello/:who', (c) => c.text(`${c.req.param('who')}|${c.req.query('q')}`))

  app.post('/form', async (c) => {
    const { name, note } = await c.req.parseBody()
    return c.text(`${name}|${note}`)
  })

  app.post('/upload', async (c) => {
    const { note, file } = await c.req.parseBody()
    const digest = createHash('sha256').update(Buffer.from(await file.arrayBuffer()))
    return c.text([note, file.name, file.size, digest.digest('hex')].join('|'))
  })

  app.get('/visits', async (c) => {
    const count = String(Number((await getSignedCookie(c, SECRET, 'visits')) || 0) + 1)
    await setSignedCookie(c, 'visits', count, SECRET, { path: '/' })
    return c.text(count)
  })

  app.get('/go', (c) => c.redirect(`${prefix}/hello/ann`))

  app.get('/stream', (c) =>
    streamText(c, async (stream) => {
      for (let number = 0; number < 3; number++) {
        if (number > 0) await pause(500)
        await stream.writeln(String(number))
      }
    }),
  )

  app.get('/broken', (c) => {
    throw new Error(`broken on purpose: ${c.req.query('q')}`)
  })
  return app
}

export const app = make('')
export const below = make('/x')

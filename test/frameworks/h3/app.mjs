import { createHash } from 'node:crypto'
import { setTimeout as pause } from 'node:timers/promises'
import { getCookie, getQuery, getRouterParam, H3, HTTPError, redirect, setCookie, withBase } from 'h3'

const onError = (error) => console.error(error.cause ?? error)

function make(prefix) {
  const app = new H3({ onError })
  app.get('/', (event) => {
    event.res.headers.set('Content-Type', 'text/html; charset=utf-8')
    return `Hello from h3 <a href="${prefix}/hello/ann">ann</a>`
  })
  app.get('/hello/:who', (event) => `${getRouterParam(event, 'who', { decode: true })}|${getQuery(event).q}`)
  app.post('/form', async (event) => {
    const form = await event.req.formData()
    return `${form.get('name')}|${form.get('note')}`
  })
  app.post('/upload', async (event) => {
    const form = await event.req.formData()
    const file = form.get('file')
    const digest = createHash('sha256').update(Buffer.from(await file.arrayBuffer()))
    return [form.get('note'), file.name, file.size, digest.digest('hex')].join('|')
  })
  app.get('/visits', (event) => {
    const count = String(Number(getCookie(event, 'visits') ?? 0) + 1)
    setCookie(event, 'visits', count, { path: '/' })
    return count
  })
  app.get('/go', () => redirect(`${prefix}/hello/ann`))
  app.get('/stream', () => {
    const pieces = async function* () {
      for (let number = 0; number < 3; number++) {
        if (number > 0) await pause(500)
        yield new TextEncoder().encode(`${number}\n`)
      }
    }
    return new Response(ReadableStream.from(pieces()), { headers: { 'Content-Type': 'text/plain' } })
  })
  app.get('/broken', (event) => {
    throw new HTTPError({ status: 500, cause: new Error(`broken on purpose: ${getQuery(event).q}`) })
  })
  return app
}

export const app = make('')
export const below = new H3({ onError }).all('/x', withBase('/x', make('/x'))).all('/x/**', withBase('/x', make('/x')))

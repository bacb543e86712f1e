import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import Koa from 'koa'

/** What was sent, as the platform reads forms. */
const formOf = ({ req }) =>
  new Response(Readable.toWeb(req), { headers: { 'Content-Type': req.headers['content-type'] } }).formData()

/** The prefix: what is in the path that the client asked for and not in the one that the app is asked for. */
const prefixOf = ({ req: { url, originalUrl = url } }) => originalUrl.slice(0, originalUrl.length - url.length)

async function* pieces() {
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    yield `${number}\n`
  }
}

const routes = {
  'GET /': (ctx) => {
    ctx.type = 'html'
    ctx.body = `Hello from Koa <a href="${prefixOf(ctx)}/hello/ann">ann</a>`
  },
  'GET /hello': (ctx) => {
    ctx.body = `${decodeURIComponent(ctx.path.slice('/hello/'.length))}|${ctx.query.q}`
  },
  'POST /form': async (ctx) => {
    const form = await formOf(ctx)
    ctx.body = `${form.get('name')}|${form.get('note')}`
  },
  'POST /upload': async (ctx) => {
    const form = await formOf(ctx)
    const file = form.get('file')
    const bytes = await file.bytes()
    ctx.body = [form.get('note'), file.name, file.size, createHash('sha256').update(bytes).digest('hex')].join('|')
  },
  'GET /visits': (ctx) => {
    const count = String(Number(ctx.cookies.get('visits', { signed: true }) ?? 0) + 1)
    ctx.cookies.set('visits', count, { signed: true })
    ctx.body = count
  },
  'GET /go': (ctx) => ctx.redirect(`${prefixOf(ctx)}/hello/ann`),
  'GET /stream': (ctx) => {
    ctx.type = 'text'
    ctx.body = Readable.from(pieces())
  },
  'GET /broken': (ctx) => {
    throw new Error(`broken on purpose: ${ctx.query.q}`)
  },
}

const koa = new Koa({ keys: ['a secret of the tests'] })
koa.use((ctx) => {
  const [, first] = ctx.path.split('/')
  return routes[`${ctx.method === 'HEAD' ? 'GET' : ctx.method} /${first}`]?.(ctx)
})

export const app = koa.callback()

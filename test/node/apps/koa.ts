import { Readable } from 'node:stream'
import Koa from 'koa'

const app = new Koa()
app.silent = true
app.use(async (ctx) => {
  switch (ctx.path) {
    case '/string':
      ctx.body = 'Hällo'
      return
    case '/json':
      ctx.body = { url: ctx.url, ip: ctx.ip, secure: ctx.secure, length: ctx.request.length ?? null }
      return
    case '/stream':
      ctx.body = Readable.from(['a', 'b'])
      return
    case '/web':
      ctx.body = new Response('web', { headers: { 'x-a': '1' } })
      return
    case '/empty':
      ctx.body = null
      return
    case '/redirect':
      ctx.redirect('/string')
      return
    case '/cookie':
      ctx.cookies.set('a', '1')
      ctx.cookies.set('b', '2')
      ctx.body = 'ok'
      return
    case '/throw':
      ctx.throw(409, 'conflicts')
      return
    case '/raise':
      throw new Error('raised')
    case '/echo':
      ctx.body = ctx.req
      return
    case '/late':
      ctx.body = Readable.from(
        (async function* () {
          yield 'first'
          throw new Error('late')
        })(),
      )
  }
})

export default app.callback()
export { app }

// Frameworks and middleware that are not in Express, Koa, Fastify or Connect, each as it is used on a server of node:http.
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import session from 'express-session'
import { Hono } from 'hono'
import httpProxy from 'http-proxy'
import multer from 'multer'
import send from 'send'
import serveStatic from 'serve-static'
import { toNodeHandler } from 'srvx/node'

const here = fileURLToPath(new URL('.', import.meta.url))

export const uploads = express()
uploads.post('*path', multer().single('file'), (request, response) =>
  response.json({ fields: request.body, name: request.file?.originalname, size: request.file?.size }),
)

export const sessions = express()
sessions.use(session({ secret: 's', resave: false, saveUninitialized: true, genid: () => 'fixed' }))
sessions.use((request, response) => {
  request.session.views = (request.session.views ?? 0) + 1
  response.json({ views: request.session.views, id: request.sessionID })
})

export const statics = express()
statics.use(serveStatic(here, { index: false }))

export const sends = (request, response) => send(request, '/alphabet.txt', { root: here }).pipe(response)

const hono = new Hono()
hono.all('*', async (context) =>
  context.json({ path: context.req.path, method: context.req.method, body: await context.req.text() }),
)
export const honoNode = getRequestListener(hono.fetch)

export const srvx = toNodeHandler(async (request) =>
  Response.json({ url: new URL(request.url).pathname, method: request.method, body: await request.text() }),
)

/** Behind the proxy: tells how the request came. */
const target = createServer((request, response) => {
  let body = ''
  request.setEncoding('utf8').on('data', (piece) => (body += piece))
  request.on('end', () => {
    const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
    response.end(JSON.stringify({ method: request.method, url: request.url, length, encoding, body }))
  })
})
await new Promise((resolve) => target.listen(0, '127.0.0.1', resolve))
target.unref()
const proxy = httpProxy.createProxyServer({ target: { host: '127.0.0.1', port: target.address().port } })
export const proxies = (request, response) => proxy.web(request, response)

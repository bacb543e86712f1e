// One upload app per framework: each answers with the JSON that it was sent, as `{"got": …}`.
import type { RequestListener } from 'node:http'
import bodyParser from 'body-parser'
import connect from 'connect'
import makeExpress from 'express'
import makeFastify, { type FastifyInstance } from 'fastify'
import Koa from 'koa'

const expressUploads = makeExpress()
expressUploads.use(makeExpress.json())
expressUploads.use((request, response) => void response.json({ got: request.body ?? 'nothing' }))
export const express: RequestListener = expressUploads

const connectUploads = connect()
connectUploads.use(bodyParser.json())
connectUploads.use((request, response) => {
  const { body } = request as typeof request & { body: unknown }
  response.end(JSON.stringify({ got: body ?? 'nothing' }))
})
export const connectApp: RequestListener = connectUploads

const koaUploads = new Koa()
koaUploads.use(async (context) => {
  // `is` gives null for a request without a body.
  if (context.is('json') === null) {
    context.body = { got: 'nothing' }
    return
  }
  let text = ''
  for await (const chunk of context.req) text += chunk
  context.body = { got: text }
})
export const koa: RequestListener = koaUploads.callback()

export const fastify: FastifyInstance = makeFastify()
fastify.all('/*', async (request) => ({ got: request.body ?? 'nothing' }))
fastify.setErrorHandler(async (error: Error) => ({ failed: error.message }))

/** What came, bare. */
export const bare: RequestListener = (request, response) => {
  let text = ''
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers
  request.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  request.on('end', () => response.end(JSON.stringify({ length, encoding, text, complete: request.complete })))
}

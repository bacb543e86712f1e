import { createServer, type ServerResponse } from 'node:http'
import connect from 'connect'

export const app: connect.Server = connect()
app.use('/a', (request, response) => response.end(`${request.url} ${request.originalUrl}`))
app.use('/fail', (_, __, next) => next(new Error('failed')))
app.use((error: Error, _: unknown, response: ServerResponse, __: unknown) => {
  response.statusCode = 400
  response.end(error.message)
})

/** The same as a server that does not listen. */
export const server: ReturnType<typeof createServer> = createServer(app)

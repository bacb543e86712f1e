// The HTTP side of the stand-in for IIS: what http.sys takes, and what the FastCGI module makes of it.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { PeerError } from '../../sidecar/errors.ts'
import { IisError, type FastcgiApplication } from './application.ts'
import { iisVariables, type Site } from './variables.ts'

/** MaxRequestBytes is set to what the longest head of the conformance suite needs; 16 KB is its default. */
const HEAD_MAX = 65_536

/** A site that listens. */
export interface Front {
  /** `127.0.0.1:PORT` */
  readonly address: string
  stop(): Promise<void>
}

/** Listens with one application for everything below the path of the site. */
export async function startFront(application: FastcgiApplication, site: Site): Promise<Front> {
  const server = createServer({ maxHeaderSize: HEAD_MAX }, (request, response) => {
    void serve(application, site, request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as { port: number }
  return {
    address: `127.0.0.1:${port}`,
    async stop() {
      server.close()
      server.closeAllConnections()
      await application.stop()
    },
  }
}

async function serve(
  application: FastcgiApplication,
  site: Site,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController()
  response.on('close', () => {
    if (!response.writableFinished) gone.abort()
  })
  try {
    const { method = 'GET', url: target = '/', rawHeaders, headers } = request
    refuse(target)
    const length = headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined
    const variables = iisVariables({ method, target, rawHeaders, remotePort: request.socket.remotePort ?? 0 }, site)
    await application.ask({
      variables,
      body: length === 0 ? undefined : request,
      length,
      signal: gone.signal,
      onHead: ({ status, reason, headers: fields }) => {
        response.writeHead(status, reason, fields.flat())
        // sends the head by itself; flushHeaders() writes it as UTF-8
        response.write(Buffer.alloc(0))
      },
      onBody: (bytes) => {
        if (response.destroyed || response.write(bytes)) return
        // a promise of an abort that nobody waits for any more would be thrown
        return once(response, 'drain', { signal: gone.signal }).then(
          () => {},
          () => {},
        )
      },
    })
    response.end()
    // what is left of the upload
    request.resume()
  } catch (error) {
    if (gone.signal.aborted) return
    if (response.headersSent) return void response.destroy()
    const status = error instanceof PeerError ? 400 : error instanceof IisError ? error.status : 500
    response.writeHead(status, { 'Content-Type': 'text/plain' }).end((error as Error).message)
  }
}

/** What http.sys answers with 400, Invalid URL. */
function refuse(target: string): void {
  if (/%(?![0-9A-Fa-f]{2})|%00/.test(target.split('?')[0]!)) throw new PeerError('URL', 'Bad Request - Invalid URL')
}

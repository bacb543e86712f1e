// A Node handler behind IIS: what tests ask about.
import { createHash } from 'node:crypto'

let aborted = 0

/** GET /pid, /aborted, /bytes?SIZE, /wait (which never answers), /head-then-wait; POST /digest. */
export default async function site(request, response) {
  const { pathname, search } = new URL(request.url, 'http://localhost')
  const json = (value) => response.setHeader('Content-Type', 'application/json').end(JSON.stringify(value))
  if (pathname === '/pid') json({ pid: process.pid, version: process.version })
  else if (pathname === '/aborted') json({ aborted })
  else if (pathname === '/bytes') response.end(Buffer.alloc(Number(search.slice(1)), 'sidegate'))
  else if (pathname === '/echo') json({ echo: search.slice(1) })
  else if (pathname === '/digest') {
    const hash = createHash('sha256')
    let size = 0
    for await (const chunk of request) {
      hash.update(chunk)
      size += chunk.length
    }
    json({ size, digest: hash.digest('hex') })
  } else if (pathname === '/wait' || pathname === '/head-then-wait') {
    response.on('close', () => aborted++)
    if (pathname !== '/wait') response.write('one')
  } else {
    response.statusCode = 404
    response.end()
  }
}

// The limit for Python workers behind a gateway in Node.js: a `net` server that reads the variables of a uwsgi request, hands them to one
// of its workers (bare-worker.py) on a kept connection, and passes the answer on. No bounds, no errors, no bodies, no logs: it is correct only
// for the requests of this bench. argv: the path of the Unix socket, the folder of the app, the app as module:callable, the Python, how many.
import { spawn } from 'node:child_process'
import { createServer, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { uwsgi } from '../../../sidecar/wire/uwsgi.ts'
import { writePairs } from '../../../sidecar/wire/pairs.ts'
import { packed, packedText } from '../../../sidecar/wire/packed.ts'

const [path, folder, app, python, workers] = process.argv.slice(2) as [string, string, string, string, string]
const file = fileURLToPath(new URL('bare-worker.py', import.meta.url))

interface Worker {
  readonly socket: Socket
  /** Whose answers it owes, in order. */
  readonly clients: Socket[]
  rest: Buffer
}

const all: Worker[] = Array.from({ length: Number(workers) }, () => {
  const child = spawn(python, [file, app], { cwd: folder, stdio: ['ignore', 'inherit', 'inherit', 'pipe'] })
  const worker: Worker = { socket: child.stdio[3] as unknown as Socket, clients: [], rest: Buffer.alloc(0) }
  worker.socket.on('data', (bytes: Buffer) => {
    let data = worker.rest.length > 0 ? Buffer.concat([worker.rest, bytes]) : bytes
    while (data.length >= 4 && data.length >= 4 + data.readUInt32BE(0)) {
      const end = 4 + data.readUInt32BE(0)
      const client = worker.clients.shift()!
      client.write(data.subarray(4, end))
      client.destroy()
      data = data.subarray(end)
    }
    worker.rest = data
  })
  return worker
})

const server = createServer({ allowHalfOpen: true }, (client) => {
  client.on('error', () => {})
  client.on('data', (bytes: Buffer) => {
    const [event] = uwsgi.server().receive(bytes)
    if (event?.type !== 'request') return
    const worker = all.reduce((best, one) => (one.clients.length < best.clients.length ? one : best))
    const text = writePairs(packed(packedText(event.variables)!))
    const out = Buffer.allocUnsafe(4 + text.length)
    out.writeUInt32BE(text.length, 0)
    out.write(text, 4, 'latin1')
    worker.clients.push(client)
    worker.socket.write(out)
  })
})
server.listen(path)

process.on('SIGTERM', () => process.exit(0))

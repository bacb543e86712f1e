// The smallest FastCGI application that IIS can start: answers with what the query asks for, on the pipe that is its standard input.
import { writeSync } from 'node:fs'
import { Socket } from 'node:net'
import { FastcgiServer } from '../../../dist/sidecar/wire/fastcgi-server.js'

// Until the other end is connected a read fails and the pipe is lost; an empty write fails too, and does no harm.
for (;;) {
  try {
    writeSync(0, Buffer.alloc(0))
    break
  } catch {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 5)
  }
}

const pipe = new Socket({ fd: 0, readable: true, writable: true })
const codec = new FastcgiServer()
const requests = new Map()
let aborts = 0
pipe.on('end', () => pipe.destroy())
pipe.on('data', (bytes) => {
  for (const event of codec.receive(bytes)) {
    if (event.type === 'reply') pipe.write(event.bytes)
    else if (event.type === 'request') requests.set(event.id, { query: event.variables.QUERY_STRING, size: 0 })
    else if (event.type === 'body') requests.get(event.id).size += event.bytes.length
    else if (event.type === 'end') answer(event.id)
    else aborts++
  }
})

function answer(id) {
  const { query, size } = requests.get(id)
  if (query === 'wait') return
  if (query === 'exit') process.exit(7)
  const names = ['_FCGI_SHUTDOWN_EVENT_', '_FCGI_X_PIPE_']
  const known = Object.fromEntries(names.map((name) => [name, process.env[name]]))
  const text = JSON.stringify({
    size,
    aborts,
    pid: process.pid,
    version: process.version,
    cwd: process.cwd(),
    ...known,
  })
  const headers = [['Content-Type', 'application/json']]
  pipe.write(codec.start(id, { status: 200, reason: 'OK', headers }, Buffer.from(text), true))
}

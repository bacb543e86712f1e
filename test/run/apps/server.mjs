// A command for the tests of run mounts: an HTTP server that shows its process, starts a stubborn child, and dies when it is asked to.
import { spawn } from 'node:child_process'
import { statSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname } from 'node:path'

const [place] = process.argv.slice(2)
const { SOCKET, PORT, SET, LISTEN_FDS, PATH, PWD } = process.env
const child = spawn('/bin/sh', ['-c', "trap '' TERM; sleep 60 & wait; wait"], { stdio: 'ignore' })
console.log('starting up')
console.error('a word of warning')
if (process.env.FAIL_FILE) {
  try {
    statSync(process.env.FAIL_FILE)
    console.log('there is something wrong with the database')
    process.exit(7)
  } catch {}
}
createServer((request, response) => {
  if (request.url === '/die') return process.exit(3)
  if (request.url === '/die-slowly') {
    // The system goes on to accept connections for it.
    request.socket.destroy()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
    return process.exit(3)
  }
  if (request.url === '/hang') return response.write('hanging')
  const mode = SOCKET ? (statSync(dirname(SOCKET)).mode & 0o777).toString(8) : ''
  response.end(
    JSON.stringify({
      pid: process.pid,
      child: child.pid,
      place,
      SOCKET,
      PORT,
      SET,
      LISTEN_FDS,
      PATH,
      PWD,
      mode,
      cwd: process.cwd(),
      argv: process.argv.slice(3),
    }),
  )
}).listen(PORT ? { port: PORT, host: '127.0.0.1' } : SOCKET)

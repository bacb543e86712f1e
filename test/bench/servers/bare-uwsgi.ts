// The limit: what a bare `net` server costs that reads every variable of a uwsgi request, answers at once and closes. No bounds, no
// errors, no bodies: it is correct only for the requests of this bench. argv: the path of the Unix socket.
import { createServer } from 'node:net'

const answer = Buffer.from(
  'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello World\n',
  'latin1',
)

const server = createServer({ allowHalfOpen: true }, (socket) => {
  socket.on('error', () => {})
  socket.on('data', (bytes: Buffer) => {
    variablesOf(bytes)
    socket.write(answer)
    // end() costs 10 µs more than the write is worth
    socket.destroy()
  })
})
server.listen(process.argv[2])

process.on('SIGTERM', () => process.exit(0))

function variablesOf(bytes: Buffer): Record<string, string> {
  const text = bytes.toString('latin1', 4, 4 + bytes.readUInt16LE(1))
  const variables: Record<string, string> = {}
  const size = (at: number): number => text.charCodeAt(at) | (text.charCodeAt(at + 1) << 8)
  for (let at = 0; at < text.length;) {
    const keyEnd = at + 2 + size(at)
    const valueEnd = keyEnd + 2 + size(keyEnd)
    variables[text.substring(at + 2, keyEnd)] = text.substring(keyEnd + 2, valueEnd)
    at = valueEnd
  }
  return variables
}

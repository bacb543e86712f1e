// Serves HTTP where it is told to, and says on a port of TCP that it is alive. Of a pipe that it is told it closes the door, with a client inside.
import { createServer } from 'node:http'
import { connect, createServer as createPipe } from 'node:net'

const [place, port, closing] = process.argv.slice(2)
if (closing) {
  const path = `\\\\.\\pipe\\${closing}`
  const server = createPipe(() => server.close()).listen(path, () => connect(path))
}
createServer().listen(Number(port), '127.0.0.1')
createServer((request, response) => {
  response.end(`${request.url} on ${place.startsWith('\\\\.\\pipe\\') ? 'a pipe' : place}`)
}).listen(place)

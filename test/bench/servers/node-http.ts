// node:http with its defaults, answering at once: what a Node.js app costs that nginx reaches by proxy_pass. argv: the port.
import { createServer } from 'node:http'

const server = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 12 })
  response.end('Hello World\n')
})
server.listen(Number(process.argv[2]), '127.0.0.1')

process.on('SIGTERM', () => process.exit(0))

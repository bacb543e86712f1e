// The smallest Node handler: what the server of the rows `node-http` and `node-cluster` answers.
import type { RequestListener } from 'node:http'

const hello: RequestListener = (_request, response) => {
  response.writeHead(200, { 'Content-Type': 'text/plain', 'Content-Length': 12 })
  response.end('Hello World\n')
}
export default hello

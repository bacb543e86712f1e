// A server that takes a connection without a request for an error, as some real ones do. Listens at argv[2], bound by another name
// first when argv[3] says so.
import { renameSync } from 'node:fs'
import { createServer } from 'node:net'

const [place, how] = process.argv.slice(2)
let connections = 0
const server = createServer((socket) => {
  connections++
  let bytes = 0
  socket.on('data', (data) => {
    bytes += data.length
    const text = `connection ${connections}`
    socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`)
  })
  socket.on('close', () => {
    if (bytes === 0 && how !== 'renamed') process.exit(7)
  })
})
if (/^\d+$/.test(place)) server.listen(Number(place), how)
else if (how === 'renamed') server.listen(`${place}.new`, () => renameSync(`${place}.new`, place))
else server.listen(place)

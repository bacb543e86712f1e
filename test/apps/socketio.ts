// Socket.IO, which looks for its path in the whole of `req.url`, and takes over connections.
import { demand, type Place, type RealApp } from './app.ts'

const SERVER = `import { createServer } from 'node:http'
import { Server } from 'socket.io'

const server = createServer((req, res) => res.end('chat'))
const io = new Server(server, { path: '/chat/socket.io' })
io.on('connection', (socket) => socket.on('say', (text, done) => done(\`\${socket.conn.transport.name}: \${text}\`)))
export default server
`

/** The client of Socket.IO itself, which is installed beside the server. */
async function say({ folder }: Place, base: string, transports: readonly string[]): Promise<string> {
  const { io } = (await import(`${folder}/node_modules/socket.io-client/build/esm-debug/index.js`)) as {
    io(
      url: string,
      options: object,
    ): {
      timeout(milliseconds: number): { emitWithAck(name: string, text: string): Promise<string> }
      close(): void
    }
  }
  const socket = io(base, { path: '/chat/socket.io', transports, forceNew: true })
  try {
    return await socket.timeout(10_000).emitWithAck('say', 'hello')
  } finally {
    socket.close()
  }
}

export const socketio: RealApp = {
  name: 'socketio',
  title: 'Socket.IO',
  packages: { npm: ['socket.io@4.8.4', 'socket.io-client@4.8.4'] },
  itself: "`path: '/chat/socket.io'`",
  files: () => ({ 'server.js': SERVER }),
  at: '/chat',
  mount: () => ({ node: './server.js', keepPrefix: true }),
  checks: [
    [
      'its client by WebSocket',
      async ({ base }, place) => {
        demand((await say(place, base, ['websocket'])) === 'websocket: hello', 'another answer')
      },
    ],
    [
      'by long polling',
      async ({ base }, place) => demand((await say(place, base, ['polling'])) === 'polling: hello', 'another answer'),
    ],
    [
      'the script of its client',
      async (visitor) => {
        const page = await visitor.visit('/chat/socket.io/socket.io.js')
        demand(page.status === 200 && page.text.includes('Socket.IO'), `status ${page.status}`)
      },
    ],
  ],
}

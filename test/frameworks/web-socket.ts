// The WebSocket of an app: an echo.
import { randomBytes } from 'node:crypto'
import { demand } from '../apps/app.ts'
import { open } from '../conformance/client.ts'
import { handshake, handshakeKey, WebSocketLive } from '../conformance/websocket.ts'
import type { Check } from './check.ts'

/** What the check is called. */
export const WEB_SOCKET = 'a WebSocket'

/** The echo is at `path`. nginx passes WebSockets on by uwsgi, and not by FastCGI. */
export const webSocketAt = (path: string): Check => ({
  name: WEB_SOCKET,
  by: 'uwsgi',
  async look({ way }) {
    const key = handshakeKey()
    const request = handshake({ target: way.prefix + path, headers: [['Host', way.host]] }, key)
    const socket = new WebSocketLive(open({ address: way.address, transport: 'http' }, request), key)
    await socket.accepted()
    socket.text('grüße')
    demand((await socket.nextText()) === 'grüße', 'another text comes back')
    const bytes = randomBytes(100_000)
    socket.binary(bytes)
    const { kind, data } = await socket.next()
    demand(kind === 'binary' && data.equals(bytes), 'other bytes come back')
    socket.close(1000)
    const { code } = await socket.closed()
    demand(code === 1000, `it is closed with ${code}`)
    socket.live.destroy()
  },
})

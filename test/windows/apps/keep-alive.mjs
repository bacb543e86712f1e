// Loaded ahead of programs under Wine 8 (`--import`): it has not the newer options that keep connections alive, and answers UNKNOWN to a
// connection that asks for them before it is made, as `fetch` does.
import { Socket } from 'node:net'

const setKeepAlive = Socket.prototype.setKeepAlive
Socket.prototype.setKeepAlive = function (...words) {
  if (!this.connecting) return setKeepAlive.apply(this, words)
  return this.once('connect', () => setKeepAlive.apply(this, words))
}

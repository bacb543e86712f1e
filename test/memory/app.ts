// Takes a body of any size and counts it, then sends as many bytes back.
import type { Application } from '../../sidecar/interface/types.ts'

const BLOCK = Buffer.alloc(64 * 1024, 'x')

export const app: Application = async function (environ, startResponse) {
  let received = 0
  for await (const bytes of environ['wsgi.input']) received += bytes.byteLength
  startResponse('200 OK', [
    ['Content-Type', 'application/octet-stream'],
    ['Content-Length', String(received)],
  ])
  return blocks(received)
}

function* blocks(size: number): Generator<Uint8Array> {
  for (let left = size; left > 0; left -= BLOCK.length) yield left < BLOCK.length ? BLOCK.subarray(0, left) : BLOCK
}

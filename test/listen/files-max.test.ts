// A gateway that may open few files: who comes when its places are taken is told of, and the requests of all others go on.
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { eventually } from '../harness.ts'
import { Sidegate } from '../cli/sidegate.ts'
import { freshFolder } from './gateway.ts'
import { connectTo, readAll, talk } from './peer.ts'
import { MAIN } from '../built.ts'

const get = (path: string): string => `GET ${path} HTTP/1.0\r\n\r\n`

test('connections leave places for what requests need when the process may open no more files', async () => {
  const folder = freshFolder()
  writeFileSync(join(folder, 'a.txt'), 'a file')
  writeFileSync(join(folder, 'script'), '#!/bin/sh\ncat >&2\nprintf "Content-Type: text/plain\\r\\n\\r\\na script"\n', {
    mode: 0o755,
  })
  const words = ['/=respond:200', '/files=files:.', '/cgi=cgi:./script', '--listen', '127.0.0.1:0']
  const command = ['/bin/sh', '-c', 'ulimit -n 100 && exec "$@"', 'sh', process.execPath, MAIN]
  const run = new Sidegate(['serve', ...words], folder, {}, undefined, command)
  const sockets = new Set<Socket>()
  try {
    const address = `127.0.0.1:${await run.port()}`
    const first = await connectTo(address)
    let closed = 0
    while (closed === 0 && sockets.size < 200) {
      const socket = await connectTo(address)
      sockets.add(socket)
      socket.resume()
      socket.on('close', () => closed++)
      // One that is let in stays open, and nothing tells that it was.
      await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, 5))])
    }
    expect(closed).toBeGreaterThan(0)
    // A quarter of so few is kept.
    expect(sockets.size).toBeGreaterThan(25)
    expect(sockets.size).toBeLessThan(75)
    const [line] = await run.said(/^.* FILES_MAX .*$|^.*code=FILES_MAX.*$/m)
    expect(line).toMatch(/may open no more files.*raise its limit/)
    const answer = readAll(first)
    first.write(get('/files/a.txt'))
    expect(await answer).toMatch(/a file$/)
    // Its place is free again: one after the other.
    await eventually(async () => expect(await talk(address, get('/cgi'))).toMatch(/a script/))
    for (const socket of sockets) socket.destroy()
    await eventually(async () => expect(await talk(address, get('/'))).toMatch(/200 OK/))
    expect(run.err.match(/FILES_MAX/g)).toHaveLength(1)
  } finally {
    for (const socket of sockets) socket.destroy()
    expect(await run.stop()).toMatchObject({ code: 0 })
  }
})

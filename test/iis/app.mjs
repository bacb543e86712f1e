// What the tests of the handler ask: says who it is, reads a body, waits, begins a response and goes on when a file is there.
import { existsSync, writeFileSync } from 'node:fs'
import { setTimeout as after } from 'node:timers/promises'

export async function app(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://host')
  const file = searchParams.get('file')
  if (pathname === '/pid') return void response.end(String(process.pid))
  if (pathname === '/abort') {
    writeFileSync(`${file}.begun`, '')
    response.on('close', () => writeFileSync(file, 'gone'))
    return
  }
  if (pathname === '/begin') {
    response.write('first ')
    writeFileSync(`${file}.begun`, '')
    while (!existsSync(file)) await after(5)
    return void response.end('last')
  }
  if (pathname === '/wait') {
    writeFileSync(`${file}.begun`, '')
    while (!existsSync(file)) await after(5)
    return void response.end('waited')
  }
  let size = 0
  for await (const piece of request) size += piece.length
  if (pathname === '/echo') return void response.end(Buffer.alloc(size, 120))
  response.end(`${pathname} ${size}`)
}

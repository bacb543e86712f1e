// Server-sent events through every protocol: each event arrives before the next one is made.
import { request, type IncomingMessage } from 'node:http'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { node } from '../../sidecar/mounts/node.ts'
import { startFront, ways, type Front } from './fronts.ts'

describe.each(ways)('$name', (way) => {
  let front: Front
  beforeAll(async () => {
    const settings = { node: './apps/events.ts' }
    front = await startFront(way, [
      { key: '/', kind: node, settings },
      { key: '/shop', kind: node, settings },
    ])
  })
  afterAll(async () => front?.stop())

  // In the shipped config nginx collects what comes from /shop, unless the response says otherwise.
  test.each(['/', '/shop/?unbuffered'])('an event arrives before the next is made: %s', async (path) => {
    const name = `${way.name.replace(' ', '-')}${path.length}`
    const asked = request(`http://${front.address}${path}${path.includes('?') ? '&' : '?'}name=${name}`, {
      headers: { Accept: 'text/event-stream' },
    })
    asked.end()
    const [response] = (await once(asked, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toBe('text/event-stream')
    const pieces = response.setEncoding('utf8')[Symbol.asyncIterator]()
    for (let count = 1; count <= 3; count++) {
      let event = ''
      while (!event.endsWith('\n\n')) event += String((await pieces.next()).value)
      expect(event).toBe(`id: ${count}\ndata: event ${count}\n\n`)
      // Only now the app may go on.
      expect((await fetch(`http://${front.address}/next?name=${name}`)).status).toBe(200)
    }
    expect(await pieces.next()).toMatchObject({ done: true })
  })
})

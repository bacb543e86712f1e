// Others who are slow, stuck, or too many: nobody else is to notice.
import { connect, type Socket } from 'node:net'
import { until } from '../../harness.ts'
import type { Happening } from '../happening.ts'
import type { Random } from '../random.ts'
import { NARROW, type Stage } from '../stage.ts'

const SLOW = 48

/** What slow clients do: each is given to a connection of its own. */
const WAYS_TO_BE_SLOW: readonly ((socket: Socket, random: Random) => void)[] = [
  // A head that never ends.
  (socket) => drip(socket, 'GET /app/get?slow HTTP/1.1\r\nHost: chaos\r\nX-Slow: '),
  // A body that comes byte by byte, at every kind of mount.
  (socket, random) => {
    const mount = random.one(['app', 'node', 'fetch', 'python', 'run', 'upstream', 'cgi'])
    drip(socket, `POST /${mount}/post?slow HTTP/1.1\r\nHost: chaos\r\nContent-Length: 100000\r\n\r\n`)
  },
  // An answer that nobody reads.
  (socket, random) => {
    const mount = random.one(['app', 'node', 'fetch', 'python', 'run', 'upstream', 'cgi'])
    socket.pause()
    const body = 'x'.repeat(1_000_000)
    socket.write(`POST /${mount}/echo?slow HTTP/1.1\r\nHost: chaos\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
  },
]

function drip(socket: Socket, head: string): void {
  socket.write(head)
  const timer = setInterval(() => socket.write('x'), 50)
  socket.on('close', () => clearInterval(timer))
}

export const slowClients: Happening = {
  name: 'slow-clients',
  sentence: 'clients that send their heads and bodies byte by byte, and do not read what they asked for',
  said: /\[(?:CLIENT_\w+|HEAD_\w+|BODY_\w+)\]/,
  async once(stage, random) {
    const sockets = Array.from({ length: SLOW }, () => connect(stage.port, '127.0.0.1').on('error', () => {}))
    for (const socket of sockets) random.one(WAYS_TO_BE_SLOW)(socket, random)
    await new Promise((resolve) => setTimeout(resolve, random.whole(500, 1500)))
    for (const socket of sockets)
      if (random.next() < 0.5) socket.destroy()
      else socket.resetAndDestroy()
    return undefined
  },
}

const answersAgain = (stage: Stage): Promise<boolean> =>
  until('an answer of the narrow mount', async () => (await stage.ask('/narrow/get', 1000)) === 200)

export const stuckApp: Happening = {
  name: 'stuck-app',
  sentence: 'requests that an app never answers take all its threads, until their clients give up',
  said: /WORKER_DIED|abortTimeout|QUEUE_\w+/,
  async once(stage, random) {
    const path = random.one(['stuck', 'loop'])
    await Promise.all(
      Array.from({ length: NARROW.threads + 2 }, () => stage.ask(`/narrow/${path}`, random.whole(300, 900))),
    )
    await answersAgain(stage)
    return undefined
  },
}

export const fullQueue: Happening = {
  name: 'full-queue',
  sentence: 'more requests at once than an app and its queue take: those get 503',
  said: /QUEUE_\w+/,
  async once(stage) {
    const count = NARROW.threads + 4 * NARROW.queue
    const statuses = await Promise.all(Array.from({ length: count }, () => stage.ask('/narrow/stream', 10_000)))
    const [answered, refused] = [200, 503].map((status) => statuses.filter((one) => one === status).length)
    if (answered! + refused! !== count) throw new Error(`a full queue gave ${[...new Set(statuses)].join(', ')}`)
    if (answered! < NARROW.threads + NARROW.queue) throw new Error(`a queue of ${NARROW.queue} let ${answered} through`)
    await answersAgain(stage)
    return undefined
  },
}

export const tooLong: Happening = {
  name: 'too-long',
  sentence:
    'requests that take longer than requestTimeout, in an app that can be interrupted and in one that has to be killed',
  said: /REQUEST_\w+|WORKER_\w+|SLOW\w*|killTimeout|requestTimeout|QUEUE_\w+|the next/,
  async once(stage, random) {
    const path = random.one(['late', 'late-loop'])
    const status = await stage.ask(`/narrow/${path}`, 10_000)
    if (status !== 504) throw new Error(`/narrow/${path} gave ${status}`)
    await answersAgain(stage)
    return undefined
  },
}

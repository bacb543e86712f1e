// What workers in Python want that run ASGI apps: variables in one text, and WebSockets as messages.
import { isWebSocket } from '../../upgrade.ts'
import { writePackedRequest } from '../../wire/frame-packed.ts'
import { PythonStacks } from '../python-stacks.ts'
import type { Dialect } from './dialect.ts'
import { TakenWebSocket, type WebSockets } from './web-socket.ts'

/** The dialect. */
export function asgi(webSockets: WebSockets): Dialect {
  return {
    spells: false,
    interrupts: true,
    write: writePackedRequest,
    takes: (exchange) => exchange.upgradable && isWebSocket(exchange.variables),
    take: (exchange, head, place) => new TakenWebSocket(exchange, head, place, webSockets),
    stacks: (process) => new PythonStacks(process),
  }
}

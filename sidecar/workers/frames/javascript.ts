// What workers in Node.js want: FastCGI's pairs, which they read as the doors do, and connections as they are.
import { writeRequest } from '../../wire/frame-request.ts'
import type { Dialect } from './dialect.ts'
import { Stacks } from './stacks.ts'
import { TakenConnection } from './taken.ts'

/** @param opening what such a worker is told first: which app it runs. JSON */
export function javascript(spells: boolean, opening: object): Dialect {
  return {
    spells,
    opening,
    interrupts: false,
    write: writeRequest,
    takes: (exchange) => exchange.upgradable,
    take: (exchange, head, place) => new TakenConnection(exchange, head, place),
    stacks: (process) => new Stacks(process),
  }
}

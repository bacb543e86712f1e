import { Readable } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { eventHandler, sendStream } from 'h3'

async function* pieces() {
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    yield `${number}\n`
  }
}

export default eventHandler((event) => sendStream(event, Readable.from(pieces())))

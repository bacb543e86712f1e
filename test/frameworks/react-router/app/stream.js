import { setTimeout as pause } from 'node:timers/promises'

async function* pieces() {
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    yield new TextEncoder().encode(`${number}\n`)
  }
}

export const loader = () => new Response(ReadableStream.from(pieces()), { headers: { 'Content-Type': 'text/plain' } })

import { setTimeout as pause } from 'node:timers/promises'

export const dynamic = 'force-dynamic'

async function* pieces() {
  for (let number = 0; number < 3; number++) {
    if (number > 0) await pause(500)
    yield new TextEncoder().encode(`${number}\n`)
  }
}

export function GET() {
  return new Response(ReadableStream.from(pieces()), { headers: { 'Content-Type': 'text/plain' } })
}

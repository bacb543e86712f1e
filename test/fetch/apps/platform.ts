// Handlers that give their request to the platform, or take what other hosts of Fetch handlers give them.
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FetchHandler } from '../../../sidecar/handlers/fetch/handle.ts'

const told = async (request: Request): Promise<Response> =>
  Response.json([
    request.method,
    request.url,
    request.headers.get('x-a'),
    await request.text(),
    request instanceof Request,
  ])

export const copied: FetchHandler = (request) => told(new Request(request))
export const changed: FetchHandler = (request) => told(new Request(request, { headers: { 'x-a': 'changed' } }))
export const elsewhere: FetchHandler = (request) => told(new Request('http://elsewhere/', request))
export const extended: FetchHandler = (request) => {
  class Own extends Request {}
  const own = new Own(request)
  return told(own instanceof Own ? own : (undefined as never))
}
export const forwarded: FetchHandler = (request) => fetch(request, { redirect: 'manual' })
export const readFirst: FetchHandler = async (request) => {
  await request.text()
  try {
    return await told(new Request(request))
  } catch (error) {
    return new Response((error as Error).name)
  }
}

const stream =
  (...chunks: unknown[]): FetchHandler =>
  () =>
    new Response(
      new ReadableStream({
        start(controller) {
          for (const chunk of chunks) controller.enqueue(chunk as never)
          controller.close()
        },
      }),
    )
export const strings: FetchHandler = stream('caf', 'é')
export const views: FetchHandler = stream(
  new Uint16Array([0x6161]),
  new DataView(Uint8Array.of(98).buffer),
  Uint8Array.of(99).buffer,
)
export const numbers: FetchHandler = stream(1)

export const line: FetchHandler = (request) => new Response(`${request.method} ${request.url}`)
export const json: FetchHandler = () => Response.json({ a: 1 })
export const endless: FetchHandler = () => new Response(new ReadableStream({}))

/** Why handlers that wait for what the signal ends were ended. */
export const ended: Error[] = []
async function waiting(signal: AbortSignal, wait: (signal: AbortSignal) => Promise<unknown>): Promise<Response> {
  try {
    await wait(signal)
  } catch (error) {
    ended.push(error as Error)
    throw error
  }
  return new Response()
}
export const sleeps: FetchHandler = ({ signal }) => waiting(signal, () => sleep(60_000, undefined, { signal }))
export const listens: FetchHandler = ({ signal }) => waiting(signal, () => once(new EventTarget(), 'never', { signal }))
export const throws: FetchHandler = ({ signal }) =>
  waiting(signal, () => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))))

export const incoming: FetchHandler = async (_, { incoming: request }) => {
  let body = ''
  for await (const chunk of request) body += chunk
  return Response.json([request.method, request.url, request.headers['x-a'], body])
}

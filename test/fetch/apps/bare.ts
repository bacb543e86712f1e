// Fetch handlers that do one thing each.
import type { FetchHandler } from '../../../sidecar/handlers/fetch/handle.ts'

/** What a handler saw, for tests that ask afterwards. */
export const seen: string[] = []

export const hello: FetchHandler = () => new Response('Hello')
export const nothing: FetchHandler = () => new Response(null)
export const late: FetchHandler = async () => {
  await new Promise(setImmediate)
  return new Response('late', { status: 299, statusText: 'Late' })
}
export const status: FetchHandler = (request) => new Response(null, { status: Number(request.url.split('?')[1]) })
export const url: FetchHandler = (request) => new Response(request.url)
export const raises: FetchHandler = () => {
  throw new Error('sync')
}
export const rejects: FetchHandler = async () => {
  throw new Error('async')
}
/** By the path: what throws when it is looked at, at once, later, and in the middle of a body. */
export const odd: FetchHandler = ((request: Request) => {
  const thrown: unknown = Object.create(null)
  const path = new URL(request.url).pathname
  if (path === '/sync') throw thrown
  if (path === '/promise') return Promise.reject(thrown as Error)
  return new Response(new ReadableStream({ pull: (controller) => controller.error(thrown) }))
}) as FetchHandler
export const gives: FetchHandler = ((request: Request) => {
  const what = new URL(request.url).pathname
  if (what === '/undefined') return undefined
  if (what === '/null') return null
  if (what === '/string') return 'text'
  if (what === '/object') return { status: 200 }
  if (what === '/promise') return Promise.resolve(1)
  return Response.error()
}) as FetchHandler
export const proxied: FetchHandler = () =>
  new Response('x', { headers: { connection: 'close', 'transfer-encoding': 'chunked', 'keep-alive': 'x', 'x-a': '1' } })
export const breaks: FetchHandler = () => {
  let first = true
  return new Response(
    new ReadableStream({
      async pull(controller) {
        await new Promise(setImmediate)
        if (!first) throw new Error('broken')
        first = false
        controller.enqueue(Buffer.from('part'))
      },
    }),
  )
}
export const pours: FetchHandler = () => {
  let left = 100
  return new Response(
    new ReadableStream(
      {
        pull(controller) {
          seen.push('pull')
          if (left-- > 0) controller.enqueue(new Uint8Array(64 * 1024))
          else controller.close()
        },
        cancel: () => void seen.push('cancel'),
      },
      { highWaterMark: 0 },
    ),
  )
}
export const hangs: FetchHandler = (request) => {
  request.signal.addEventListener('abort', () => seen.push('abort'))
  seen.push('called')
  return new Response(new ReadableStream({ cancel: () => void seen.push('cancel') }))
}
export const waits: FetchHandler = (_, __, context) => {
  context.waitUntil(Promise.reject(new Error('work')))
  context.passThroughOnException()
  return new Response('ok')
}
/** What is asked of the request: a list of steps in the query. */
export const asks: FetchHandler = async (request) => {
  const results: unknown[] = []
  for (const step of new URL(request.url).searchParams.getAll('s')) {
    try {
      results.push(await ask(request, step))
    } catch (error) {
      results.push((error as Error).name)
    }
  }
  return Response.json(results)
}

async function ask(request: Request, step: string): Promise<unknown> {
  switch (step) {
    case 'kind':
      return [request instanceof Request, request.headers instanceof Headers, Object.prototype.toString.call(request)]
    case 'line':
      return [request.method, request.url, request.mode, request.redirect]
    case 'text':
      return request.text()
    case 'json':
      return request.json()
    case 'bytes':
      return [...(await request.bytes())]
    case 'arrayBuffer':
      return (await request.arrayBuffer()).byteLength
    case 'blob':
      return (await request.blob()).size
    case 'form':
      return [...(await request.formData())]
    case 'clone':
      return request.clone().text()
    case 'used':
      return request.bodyUsed
    case 'body':
      return request.body === null ? null : 'stream'
    case 'headers':
      return [...request.headers]
    case 'copied':
      return [...new Headers(request.headers)]
    case 'get':
      return [request.headers.get('X-A'), request.headers.has('x-a'), request.headers.get('nope')]
    case 'set':
      request.headers.set('x-a', 'changed')
      return request.headers.get('x-a')
    case 'badName':
      return request.headers.get('no name')
    case 'te':
      return request.headers.get('Transfer-Encoding')
    case 'signal':
      return [request.signal instanceof AbortSignal, request.signal.aborted]
  }
  throw new Error(step)
}
export default { fetch: hello }

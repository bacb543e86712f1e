// A Fetch handler.
import { answer, headers } from './answers.mjs'

export default async function fetch(request) {
  const { pathname, search } = new URL(request.url)
  // A Fetch handler is given the whole address, its mount included.
  const path = pathname.slice(pathname.lastIndexOf('/'))
  return new Response(ReadableStream.from(answer(path, search.slice(1), request.body ?? [])), { headers })
}

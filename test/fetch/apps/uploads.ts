import type { FetchHandler } from '../../../sidecar/handlers/fetch/handle.ts'

/** What came. */
const uploads: FetchHandler = async (request) => {
  const length = request.headers.get('content-length') ?? undefined
  const encoding = request.headers.get('transfer-encoding') ?? undefined
  return Response.json({ length, encoding, text: await request.text(), complete: true })
}
export default uploads

// Takes every request and does nothing with it: neither reads its body nor answers. Only `/memory` is answered: with the bytes that are
// held after a collection (node --expose-gc).
import type { Application } from '../../sidecar/interface/types.ts'

export const app: Application = (environ, startResponse) => {
  if (environ.PATH_INFO !== '/memory') return new Promise(() => {})
  globalThis.gc!()
  const { heapUsed, external } = process.memoryUsage()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [String(heapUsed + external)]
}

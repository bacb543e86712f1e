// Takes every request and does nothing with it: neither reads its body nor answers. Only two paths are answered: `/memory` with the
// bytes that are held after a collection (node --expose-gc), `/served` at once.
import { setImmediate } from 'node:timers/promises'
import type { Application } from '../../sidecar/interface/types.ts'

export const app: Application = async (environ, startResponse) => {
  if (environ.PATH_INFO === '/served') {
    startResponse('204 No Content', [])
    return []
  }
  if (environ.PATH_INFO !== '/memory') return new Promise(() => {})
  // What a first collection finds to be free is given back by the second.
  for (let time = 0; time < 3; time++) {
    globalThis.gc!()
    await setImmediate()
  }
  const { heapUsed, external } = process.memoryUsage()
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [String(heapUsed + external)]
}

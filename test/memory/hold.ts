// Takes every request and does nothing with it: neither reads its body nor answers. Only `/` is answered.
import type { Application } from '../../sidecar/interface/types.ts'

export const app: Application = (environ, startResponse) => {
  if (environ.PATH_INFO !== '/') return new Promise(() => {})
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return ['here']
}

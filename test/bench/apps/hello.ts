// The smallest app with the WSGI interface.
import type { Application } from '../../../sidecar/interface/types.ts'

export const app: Application = (_environ, startResponse) => {
  startResponse('200 OK', [
    ['Content-Type', 'text/plain'],
    ['Content-Length', '12'],
  ])
  return ['Hello World\n']
}

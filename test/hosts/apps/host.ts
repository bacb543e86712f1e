// Says which host was asked for.
import type { Application } from '../../../sidecar/interface/types.ts'

export const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'text/plain']])
  return [environ.HTTP_HOST ?? 'none']
}

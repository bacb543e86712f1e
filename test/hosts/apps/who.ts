// Says who is logged in, as an app sees it.
import type { Application } from '../../../sidecar/interface/types.ts'

export const app: Application = (environ, startResponse) => {
  startResponse('200 OK', [['Content-Type', 'application/json']])
  const { SCRIPT_NAME = '', PATH_INFO = '', REMOTE_USER, HTTP_X_REMOTE_USER } = environ
  return [JSON.stringify({ path: SCRIPT_NAME + PATH_INFO, user: REMOTE_USER, header: HTTP_X_REMOTE_USER })]
}

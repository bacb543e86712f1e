// With the WSGI interface for TypeScript.
import { answer, headers } from './answers.mjs'

export const app = (environ, startResponse) => {
  startResponse('200 OK', Object.entries(headers))
  return answer(environ.PATH_INFO, environ.QUERY_STRING, environ['wsgi.input'])
}

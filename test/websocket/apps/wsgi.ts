// An app with the WSGI interface.
import type { Application } from '../../../sidecar/interface/types.ts'
import { talk, webSockets } from './talk.ts'

export const app: Application = async (environ, startResponse) => {
  const upgrade = environ['sidegate.upgrade']
  if (environ.PATH_INFO === '/throw') throw new Error('thrown by the app')
  if (environ.PATH_INFO === '/destroy') {
    startResponse('400 Bad Request', [['Content-Type', 'text/plain']])
    return ['no\n']
  }
  if (environ.PATH_INFO === '/refuse') {
    startResponse('403 Forbidden', [
      ['Content-Type', 'text/plain'],
      ['X-Why', 'test'],
    ])
    return ['not me']
  }
  if (!upgrade || environ.PATH_INFO === '/ordinary') {
    startResponse('200 OK', [['Content-Type', 'text/plain']])
    return [`ordinary ${environ.PATH_INFO}`]
  }
  talk(await upgrade(webSockets), new URLSearchParams(environ.QUERY_STRING).get('name') ?? '?')
  return []
}

// Apps that the tests of the mount `app` load.
import type { Application } from '../../../sidecar/interface/types.ts'

const PLAIN: [string, string][] = [['Content-Type', 'text/plain']]

const hello: Application = (environ, startResponse) => {
  startResponse('200 OK', PLAIN)
  return [`${environ.SCRIPT_NAME}|${environ.PATH_INFO}`]
}
export default hello

export const named: Application = function* (environ, startResponse) {
  environ['wsgi.errors'].write('from the app\n')
  startResponse('201 Created', PLAIN)
  yield 'named'
}

/** Works, and breaks a rule. */
export const sloppy: Application = (_, startResponse) => {
  startResponse('200 OK', [])
  return ['no type']
}

export const wrong = { fetch: () => new Response() }

export const number = 5

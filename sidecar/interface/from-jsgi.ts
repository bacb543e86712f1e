// A JSGI app as an Application.
import { handleJsgi, type JsgiApp } from '../handlers/jsgi/handle.ts'
import { jsgiErrors } from '../handlers/jsgi/request.ts'
import { callHandler } from './handler-call.ts'
import type { Application } from './types.ts'

/**
 * Makes an Application of a JSGI 0.3 app. What the app throws, or its promise rejects with, the Application rejects with; AppError
 * JSGI_RESPONSE, JSGI_CHUNK when it gives no response. `jsgi.errors` is `wsgi.errors`.
 */
export function fromJsgi(app: JsgiApp): Application {
  return (environ, startResponse) => {
    const surroundings = { errors: jsgiErrors(environ['wsgi.errors']), multiprocess: environ['wsgi.multiprocess'] }
    return callHandler((exchange) => handleJsgi(app, exchange, surroundings), environ, startResponse)
  }
}

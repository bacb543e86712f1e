// The checker of the interface, and its specification: `node test/interface/spec.ts` writes docs/interface.md from the lines with ## in
// this file and the lint-….ts beside it.
import { lintBody } from './lint-body.ts'
import { checkEnviron } from './lint-environ.ts'
import { demandFor, type Demand } from './lint-error.ts'
import { lintStartResponse } from './lint-response.ts'
import type { LintedHead } from './linted-head.ts'
import { LintedErrors, LintedInput } from './lint-streams.ts'
import { lintUpgrade } from './lint-upgrade.ts'
import type { Application, Environ, StartResponse } from './types.ts'

// ## # WSGI for TypeScript
// ##
// ## The interface between a gateway and an app: [PEP 3333](https://peps.python.org/pep-3333/) with its names, in TypeScript. What the
// ## language changes: what may have to wait gives a promise, bodies may be async iterables, and strings are sent as UTF-8.
// ##
// ## ```ts
// ## import type { Application } from 'sidegate'
// ##
// ## export const app: Application = (environ, startResponse) => {
// ##   startResponse('200 OK', [['Content-Type', 'text/plain']])
// ##   return ['Hello World\n']
// ## }
// ## ```
// ##
// ## This page is made from the checker, `lint(app)`: every sentence stands beside the code that enforces it. Lint wraps an app in an app;
// ## what breaks a rule throws a LintError with a code `LINT_…`, and `blame` says whose fault it is, the gateway's or the app's.
// ## Middleware, a function from app to app, is an app to the gateway and the gateway to the app inside it: it keeps the rules of both
// ## sides, and lint can be put on either side of it.
// ##
// ## ## The app
// ##
const call: Demand = demandFor('LINT_CALL', 'gateway')
const shape: Demand = demandFor('LINT_CALL', 'app')

/**
 * An app that does what `app` does, and checks that it and its gateway keep the rules of docs/interface.md.
 * Calls of it throw, and its body and streams throw, LintError.
 */
export function lint(app: Application): Application {
  // ## - An app is a function of two arguments, `(environ, startResponse)`. Calls may overlap: one begins before another has finished.
  shape(typeof app === 'function', 'an app must be a function')
  return (...args: unknown[]) => {
    call(args.length === 2, `an app is called with two arguments, not ${args.length}`)
    const [environ, startResponse] = args as [Environ, StartResponse]
    checkEnviron(environ)
    call(typeof startResponse === 'function', 'startResponse is not a function')
    const head: LintedHead = {
      started: false,
      upgraded: false,
      status: 0,
      length: undefined,
      hasType: false,
      headRequest: environ.REQUEST_METHOD === 'HEAD',
      sent: 0,
      failure: undefined,
    }
    environ['wsgi.input'] = new LintedInput(environ['wsgi.input'])
    environ['wsgi.errors'] = new LintedErrors(environ['wsgi.errors'])
    const upgrade = environ['sidegate.upgrade']
    if (upgrade) environ['sidegate.upgrade'] = lintUpgrade(upgrade, head)
    // ## - What it throws, or its promise rejects with, is answered with 500 as long as the head has not been sent; after that the response
    // ##   is cut, so that the client can tell. One without Content-Length looks complete where the web server in front cannot tell: by
    // ##   uwsgi and SCGI over a Unix socket, and behind Caddy ([hosts](hosts/)).
    // ## - Each of its calls gets its own environ and startResponse, and its own result.
    return lintBody(app(environ, lintStartResponse(startResponse, head)), head)
  }
}
// ##

// The conformance suite as others use it: serve one of the apps with your server, run the cases against it.
import type { Interface } from './case.ts'

export { complaintsOf, impossibleBehind, impossibleCases, type Behind } from './behind.ts'
export { Answer } from './answer.ts'
export { NotOffered, type Case, type Interface, type RequestSpec, type Run, type Transport } from './case.ts'
export { asgiCases, cases, casesFor } from './cases.ts'
export { Live, transports } from './client.ts'
export {
  notApplicable,
  runCase,
  runCases,
  runConformance,
  type ConformanceOptions,
  type ConformanceResult,
} from './run.ts'

export type { Lifespan, Started } from './start.ts'
export type { Close, FrameOptions, Message, WebSocketLive } from './websocket.ts'

// Unbuilt, the apps are .ts; in the package, .js.
const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

/** The app under test in each interface, all with the same behaviours: the files to serve. */
export const apps: Readonly<Record<Interface, URL>> = {
  app: new URL(`./app.${ending}`, import.meta.url),
  node: new URL(`./node.${ending}`, import.meta.url),
  fetch: new URL(`./fetch.${ending}`, import.meta.url),
  python: new URL('./app.py', import.meta.url),
  asgi: new URL('./asgi.py', import.meta.url),
}

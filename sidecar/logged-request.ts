// A request as logs name it: taken when it comes, so that what an app does to its variables changes nothing here.
import type { Variables } from './variables.ts'

/** What logs say of a request. */
export interface LoggedRequest {
  readonly method: string
  /** REQUEST_URI as the client sent it, or PATH_INFO from a host that sends none. */
  readonly uri: string
  readonly remote: string
  /** The Host header with its port, or SERVER_NAME. */
  readonly host: string
}

const boot = Date.now().toString(36)
let count = 0

/** A name for a request in logs and error pages; unique per process. */
export function nextId(): string {
  return `${boot}-${(++count).toString(36)}`
}

/** Takes it from the variables of a request. */
export function loggedRequest(variables: Variables): LoggedRequest {
  const { REQUEST_METHOD: method = '', REQUEST_URI: uri, PATH_INFO: path = '', REMOTE_ADDR: remote = '' } = variables
  return { method, uri: uri ?? path, remote, host: variables.HTTP_HOST || variables.SERVER_NAME || '' }
}

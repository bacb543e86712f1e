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
  /** REMOTE_USER: of the web server, or of a layer that has found out who it is. */
  user: string | undefined
  /** SERVER_PROTOCOL: what the client spoke. */
  readonly version: string | undefined
  readonly referer: string | undefined
  readonly agent: string | undefined
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
  return {
    method,
    uri: uri ?? path,
    remote,
    host: variables.HTTP_HOST || variables.SERVER_NAME || '',
    user: variables.REMOTE_USER || undefined,
    version: variables.SERVER_PROTOCOL,
    referer: variables.HTTP_REFERER,
    agent: variables.HTTP_USER_AGENT,
  }
}

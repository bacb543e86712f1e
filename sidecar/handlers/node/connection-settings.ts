// What an app tells its http.Server about connections. Here the connections are the gateway's, so that none of it has an effect: whoever set
// it is told.
import type { Server } from 'node:http'
import { createServer } from '../../node-http.ts'

const SETTINGS = [
  'timeout',
  'requestTimeout',
  'headersTimeout',
  'keepAliveTimeout',
  'maxHeadersCount',
  'maxRequestsPerSocket',
  'maxConnections',
] as const

const EVENTS = [
  'clientError',
  'connection',
  'connect',
  'checkContinue',
  'checkExpectation',
  'dropRequest',
  'timeout',
  'listening',
] as const

/** The settings of a server that are not those of a new one, and the events that more listen for than at a new one. */
export function connectionSettings(server: Server): string[] {
  const fresh = createServer()
  const settings = SETTINGS.filter((name) => server[name] !== fresh[name])
  const events = EVENTS.filter((event) => server.listenerCount(event) > fresh.listenerCount(event))
  return [...settings, ...events.map((event) => `on('${event}')`)]
}

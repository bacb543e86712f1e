// Asks the admin interface.
import { request } from '../node-http.ts'
import { ConfigError } from '../errors.ts'
import { INCOMPLETE, SERVER } from './server.ts'

/** What it answered: JSON. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
  /** Why it is not all that there is. */
  readonly incomplete: string | undefined
}

/** How long an answer may take, in milliseconds: what looks is quick, a reload takes as long as the slowest mount needs to start. */
const LOOK_MS = 15_000
const ANSWER_MS = 600_000
const LOOKS = /^\/v1\/(?:status|requests)/

/** Said of a socket at which nobody listens. */
function noneThere({ code }: NodeJS.ErrnoException): string | undefined {
  return code === 'ENOENT' || code === 'ECONNREFUSED' ? `nothing serves there (${code})` : code
}

/**
 * @param path of the socket
 * @throws {ConfigError} ADMIN_UNREACHABLE
 */
export function askAdmin(path: string, method: 'GET' | 'POST', url: string): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new ConfigError('ADMIN_UNREACHABLE', '', `unix:${path}: ${why}. Name its --config, or its --admin`))
    const limit = LOOKS.test(url) ? LOOK_MS : ANSWER_MS
    const sent = request({ socketPath: path, method, path: url, timeout: limit }, (response) => {
      if (response.headers.server !== SERVER) {
        fail('what answers is no Sidegate')
        sent.destroy()
        return
      }
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.once('error', (error) => fail(error.message))
      response.once('end', () => {
        try {
          const incomplete = response.headers[INCOMPLETE.toLowerCase()] as string | undefined
          resolve({ status: response.statusCode!, body: JSON.parse(text) as unknown, incomplete })
        } catch {
          fail('what answers is no Sidegate')
        }
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`no answer for ${limit / 1000} s`)))
    sent.once('error', (error: NodeJS.ErrnoException) => fail(noneThere(error) ?? error.message))
    sent.end()
  })
}

// Asks the admin interface.
import { request } from '../node-http.ts'
import { ConfigError } from '../errors.ts'

/** What it answered: JSON. */
export interface AdminAnswer {
  readonly status: number
  readonly body: unknown
}

/** A reload takes as long as the slowest mount needs to start. */
const ANSWER_MS = 600_000

/**
 * @param path of the socket
 * @throws {ConfigError} ADMIN_UNREACHABLE
 */
export function askAdmin(path: string, method: 'GET' | 'POST', url: string): Promise<AdminAnswer> {
  return new Promise((resolve, reject) => {
    const fail = (why: string): void =>
      reject(new ConfigError('ADMIN_UNREACHABLE', '', `unix:${path}: ${why}. Name its --config, or its --admin`))
    const sent = request({ socketPath: path, method, path: url, timeout: ANSWER_MS }, (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
      response.once('error', (error) => fail(error.message))
      response.once('end', () => {
        try {
          resolve({ status: response.statusCode!, body: JSON.parse(text) as unknown })
        } catch {
          fail('what answers is no Sidegate')
        }
      })
    })
    sent.once('timeout', () => sent.destroy(new Error(`no answer for ${ANSWER_MS / 1000} s`)))
    sent.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message))
    sent.end()
  })
}

// Asks Unit for something that Sidegate has mounted, as a client would: whether the change does what it should is known by that alone.
import type { RequestOptions } from 'node:http'
import { request as plain } from '../../sidecar/node-http.ts'
import { request as secure } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { isLocal, parseAddress, type Endpoint } from '../../sidecar/address.ts'
import { messageOf } from '../../sidecar/thrown.ts'

/** How an error page of Unit's begins; its status is in the place of the three letters (nxt_http_error.c). */
const PAGE = /^<!DOCTYPE html><title>Error (\d{3})</
const PAGE_START = '<!DOCTYPE html><title>Error 404<'.length

/** What is asked. */
export interface Question {
  /** Unit's listener, as Unit writes it. */
  readonly listener: string
  /** Where Unit is: `*` in a listener means the machine of its control API. */
  readonly control: Endpoint
  /** The virtual host; empty: any. */
  readonly host: string
  readonly path: string
  /** Where the listener speaks TLS: SHA-256 of the certificate that it should have; empty: any. */
  readonly fingerprint: string | undefined
  /** Seconds. */
  readonly timeout: number
}

/** Gives why the answer is not one of Sidegate's; undefined when it is. */
export async function wrongWith(question: Question): Promise<string | undefined> {
  try {
    return await ask(question)
  } catch (error) {
    return messageOf(error)
  }
}

/** The URL of a question, for people. */
export function urlOf({ listener, host, path, fingerprint }: Question): string {
  return `${fingerprint === undefined ? 'http' : 'https'}://${listener}${encodeURI(path)}${host === '' ? '' : ` of ${host}`}`
}

/** The first that is not the next: where to connect to. */
function addressOf({ listener, control }: Question): RequestOptions {
  if (listener.startsWith('unix:')) {
    const path = listener.slice('unix:'.length)
    return { socketPath: path.startsWith('@') ? `\0${path.slice(1)}` : path }
  }
  const there = control.kind === 'tcp' && !isLocal(control) ? control.host : '127.0.0.1'
  const { endpoint } = parseAddress(listener.replace(/^\*(?=:)/, there), '--on')
  if (endpoint.kind !== 'tcp') return {}
  const local = endpoint.host === '::' && there === '127.0.0.1' ? '::1' : there
  const any = endpoint.host === '0.0.0.0' || endpoint.host === '::' ? local : endpoint.host
  return { host: any, port: endpoint.port }
}

function ask(question: Question): Promise<string | undefined> {
  const { path, host, fingerprint, timeout } = question
  const options: RequestOptions = {
    ...addressOf(question),
    path: encodeURI(path),
    headers: { Host: host || 'localhost', 'User-Agent': 'sidegate-plug', Connection: 'close' },
    agent: false,
  }
  // Who signed it is between Unit and its clients: here it has to be the certificate that was given.
  const call =
    fingerprint === undefined ? plain(options) : secure({ ...options, servername: host, rejectUnauthorized: false })
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => call.destroy(new Error(`no answer within ${timeout} s`)), timeout * 1000)
    call.on('error', reject)
    call.on('upgrade', (_, socket) => {
      socket.destroy()
      reject(new Error('it answers 101, which was not asked for'))
    })
    call.on('close', () => clearTimeout(timer))
    call.on('response', (response) => {
      const other = fingerprint ? (response.socket as TLSSocket).getPeerCertificate().fingerprint256 : fingerprint
      if (other !== fingerprint) {
        call.destroy()
        return resolve('the listener has another certificate')
      }
      let text = ''
      const done = (): void => {
        call.destroy()
        resolve(errorPage(text))
      }
      // A stream of events may say nothing for long, and never ends: it is none of Unit's pages.
      if ((response.statusCode ?? 0) < 400) return done()
      response.setEncoding('latin1').on('error', reject)
      response.on('data', (piece: string) => {
        text += piece
        if (text.length >= PAGE_START) done()
      })
      response.on('end', done)
    })
    call.end()
  })
}

/** Unit's own error pages have a text that is nobody else's; what an app answers is right, whatever it is. */
function errorPage(text: string): string | undefined {
  const status = PAGE.exec(text)?.[1]
  if (status === undefined) return undefined
  if (status === '404') return 'Unit says 404: the request does not come to the steps of Sidegate'
  if (status === '502' || status === '503')
    return `Unit says ${status}: it does not reach Sidegate. Is that running, and may Unit's user open its socket?`
  return `Unit says ${status}`
}

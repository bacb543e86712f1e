// Who speaks another protocol than the listener takes: known by its first bytes, so that the log says what to change.
import { PeerError } from '../errors.ts'
import type { Protocol } from '../wire/codec.ts'
import { http } from '../wire/http.ts'
import { protocols } from '../wire/index.ts'
import { mayBeProxyHeader } from '../wire/proxy-header.ts'

/** As long as the word that begins a PROXY header: fewer bytes may be of a POST. */
const PROXY_MIN = 6

/**
 * What is wrong with a connection's first bytes, which are of no gateway protocol that is taken; undefined when they may be HTTP, and
 * that is taken.
 * @param only the one that the listener's address names
 */
export function wrongProtocol(bytes: Buffer, only: Protocol | undefined): PeerError | undefined {
  if (bytes.length >= PROXY_MIN && mayBeProxyHeader(bytes)) {
    const message = 'this is a PROXY protocol header, and the peer is not in `proxyProtocol` of this listener'
    return new PeerError('PROXY_HEADER', message)
  }
  if (!only?.gateway) {
    const spoken = protocols.find(({ recognise }) => recognise(bytes) === 'yes')
    if (!spoken) return undefined
    const { name, words } = spoken
    const otherwise = only
      ? 'listen without http:// in front'
      : `listen with ${name}:// in front, which needs \`allow\` where others than this machine can connect`
    return wrong(`${name}, but the listener speaks http only: change ${words.own} to ${words.http}, or ${otherwise}`)
  }
  const { name, words } = only
  if (looksLikeHttp(bytes)) {
    const change = `in ${words.host} change ${words.http} to ${words.own}, or listen without ${name}:// in front`
    return wrong(`HTTP, but the listener speaks ${name} only: ${change}`)
  }
  const spoken = protocols.find(({ recognise }) => recognise(bytes) === 'yes')
  if (spoken) {
    const change =
      spoken.words.host === words.host
        ? `in ${words.host} change ${spoken.words.own} to ${words.own}`
        : `the web server in front has to speak ${name}`
    return wrong(
      `${spoken.name}, but the listener speaks ${name} only: ${change}, or listen without ${name}:// in front`,
    )
  }
  const first = bytes.subarray(0, 8).toString('hex')
  return new PeerError('WRONG_PROTOCOL', `the first bytes (${first}) are not ${name}`)
}

/** The answer in HTTP, which uwsgi's looks like too; undefined for who would not understand it. */
export function wrongProtocolAnswer(error: PeerError, bytes: Buffer, only: Protocol = http): string | undefined {
  if (only.gateway && !looksLikeHttp(bytes)) return undefined
  const body = `400 Bad Request\n${error.code}: this port speaks ${only.name}\n`
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close`
  return `${head}\r\n\r\n${body}`
}

function wrong(what: string): PeerError {
  return new PeerError('WRONG_PROTOCOL', `this looks like ${what}`)
}

function looksLikeHttp(bytes: Buffer): boolean {
  return /^[A-Z]+ [^ ]* ?HTTP\/|^[A-Z]{3,10} \//.test(bytes.toString('latin1', 0, 200))
}

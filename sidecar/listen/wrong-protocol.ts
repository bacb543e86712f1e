// Who speaks another protocol than the listener takes: known by its first bytes, so that the log says what to change.
import { PeerError } from '../errors.ts'
import { protocols } from '../wire/index.ts'
import { mayBeProxyHeader } from '../wire/proxy-header.ts'

/** As long as the word that begins a PROXY header: fewer bytes may be of a POST. */
const PROXY_MIN = 6

/**
 * What is wrong with a connection's first bytes, which are of no gateway protocol that is taken; undefined when they may be HTTP, and
 * that is taken.
 * @param protocol the one that the listener's address names
 */
export function wrongProtocol(bytes: Buffer, protocol: string | undefined): PeerError | undefined {
  if (bytes.length >= PROXY_MIN && mayBeProxyHeader(bytes)) {
    const message = 'this is a PROXY protocol header, and the peer is not in `proxyProtocol` of this listener'
    return new PeerError('PROXY_HEADER', message)
  }
  if (protocol === undefined || protocol === 'http') {
    const spoken = protocols.find(({ recognise }) => recognise(bytes) === 'yes')?.name
    if (spoken === undefined) return undefined
    const change = spoken === 'ajp' ? 'ajp:// to http://' : `${spoken}_pass to proxy_pass`
    const otherwise = protocol
      ? 'listen without http:// in front'
      : `listen with ${spoken}:// in front, which needs \`allow\` where others than this machine can connect`
    return wrong(`${spoken}, but the listener speaks http only: change ${change}, or ${otherwise}`)
  }
  if (looksLikeHttp(bytes)) {
    const change = `in nginx change proxy_pass to ${protocol}_pass, or listen without ${protocol}:// in front`
    return wrong(`HTTP, but the listener speaks ${protocol} only: ${change}`)
  }
  const first = bytes.subarray(0, 8).toString('hex')
  return new PeerError('WRONG_PROTOCOL', `the first bytes (${first}) are not ${protocol}`)
}

/** The answer in HTTP, which uwsgi's looks like too; undefined for who would not understand it. */
export function wrongProtocolAnswer(error: PeerError, bytes: Buffer, protocol = 'http'): string | undefined {
  if (protocol !== 'http' && !looksLikeHttp(bytes)) return undefined
  const body = `400 Bad Request\n${error.code}: this port speaks ${protocol}\n`
  const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\nConnection: close`
  return `${head}\r\n\r\n${body}`
}

function wrong(what: string): PeerError {
  return new PeerError('WRONG_PROTOCOL', `this looks like ${what}`)
}

function looksLikeHttp(bytes: Buffer): boolean {
  return /^[A-Z]+ [^ ]* ?HTTP\/|^[A-Z]{3,10} \//.test(bytes.toString('latin1', 0, 200))
}

// https: what is asked of a server's certificate, and the connection that asks for it.
import { readFile, stat } from 'node:fs/promises'
import { isIP } from 'node:net'
import { checkServerIdentity, connect, type TLSSocket } from 'node:tls'
import { socketAddress, type Endpoint } from '../address.ts'
import { ConfigError } from '../errors.ts'

/** All that a system trusts is a quarter of a megabyte. */
const CERTIFICATES_MAX = 16 * 1024 * 1024

/** What is asked of an https upstream. */
export interface TlsOptions {
  /** A file with the certificates that vouch for the upstream's, instead of the system's. */
  readonly ca?: string | undefined
  /** False: any certificate is accepted. */
  readonly verify: boolean
  /** The name that the certificate has to have. Default: the host of the address. */
  readonly serverName?: string | undefined
  /** The setting's place, for errors. */
  readonly path: string
}

/** Reads such a file. @throws {ConfigError} UPSTREAM_CA; `path` is the setting's place. */
export async function readCertificates(file: string, path: string): Promise<Buffer> {
  try {
    // A device or a pipe would be read for ever.
    const found = await stat(file)
    if (!found.isFile()) throw new Error('it is no file')
    if (found.size > CERTIFICATES_MAX) throw new Error(`it is longer than ${CERTIFICATES_MAX / 1024 / 1024} MiB`)
    return await readFile(file)
  } catch (error) {
    throw new ConfigError('UPSTREAM_CA', path, `cannot read the certificates ${file}: ${(error as Error).message}`)
  }
}

/**
 * Begins to connect; `secureConnect` tells that it has.
 * @param name what the certificate has to have
 * @param ca the certificates that vouch for it; undefined: the system's
 * @param verify false: any certificate is accepted
 */
export function secureSocket(endpoint: Endpoint, name: string, ca: Buffer | undefined, verify: boolean): TLSSocket {
  const socket = connect({
    ...socketAddress(endpoint),
    // RFC 6066 3: an address is not named; the certificate has to have it all the same.
    ...(isIP(name) === 0 ? { servername: name } : {}),
    ...(ca === undefined ? {} : { ca }),
    rejectUnauthorized: verify,
    checkServerIdentity: (_, certificate) => checkServerIdentity(name, certificate),
    ALPNProtocols: ['http/1.1'],
  })
  socket.setNoDelay(true)
  return socket
}

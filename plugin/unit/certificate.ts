// A certificate for Unit: a chain and its key in one text, looked at before it is sent. Unit replaces none under the name that it has, so the name
// comes from what is in it: the same files are the same certificate, and a renewed one stands beside the old one until nobody uses that.
import { createHash, createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { ConfigError } from '../../sidecar/errors.ts'
import { messageOf } from '../../sidecar/thrown.ts'

/** A certificate chain with its key. */
export interface Bundle {
  /** In Unit: the name that Sidegate has there, and part of a digest. */
  readonly name: string
  readonly pem: string
  /** SHA-256 of the first certificate, as node:tls writes it. */
  readonly fingerprint: string
  /** For people. */
  readonly summary: string
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const KEY = /-----BEGIN (?:(?!ENCRYPTED)[A-Z]+ )?PRIVATE KEY-----[^-]+-----END (?:[A-Z]+ )?PRIVATE KEY-----/

/**
 * @param files with the chain, the site's own certificate first, and its key without a passphrase; in one file or several
 * @throws {ConfigError} UNIT_CERTIFICATE
 */
export async function readBundle(files: readonly string[], name: string): Promise<Bundle> {
  const texts = await Promise.all(files.map(readText))
  const pem = `${texts.map((text) => text.trimEnd()).join('\n')}\n`
  const chain = pem.match(CERTIFICATE)
  if (!chain) throw bad(files, 'no certificate in it (-----BEGIN CERTIFICATE-----)')
  const secret = KEY.exec(pem)?.[0]
  if (secret === undefined) {
    throw bad(files, 'no private key without a passphrase in it: name its file by a second --certificate')
  }
  let certificate: X509Certificate
  let key: KeyObject
  try {
    certificate = chain.map((one) => new X509Certificate(one))[0]!
    key = createPrivateKey(secret)
  } catch (error) {
    throw bad(files, messageOf(error))
  }
  if (!certificate.checkPrivateKey(key)) throw bad(files, 'a key that is not that of the first certificate')
  const digest = createHash('sha256').update(pem).digest('hex').slice(0, 12)
  const subject = certificate.subject.split('\n').at(-1) ?? ''
  return {
    name: `${name}-${digest}`,
    pem,
    fingerprint: certificate.fingerprint256,
    summary: `${certificate.subjectAltName ?? subject}, until ${certificate.validTo}`,
  }
}

/** True for the name of a certificate that `readBundle` has named. */
export function isOwnCertificate(certificate: string, name: string): boolean {
  return certificate.startsWith(`${name}-`) && /^[0-9a-f]{12}$/.test(certificate.slice(name.length + 1))
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    throw bad([file], `what cannot be read: ${messageOf(error)}`)
  }
}

function bad(files: readonly string[], what: string): ConfigError {
  return new ConfigError('UNIT_CERTIFICATE', '--certificate', `${files.join(', ')} has ${what}`)
}

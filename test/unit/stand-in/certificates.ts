// Unit's store of certificates: what it takes, and what it tells of them.
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto'
import type { Json } from '../../../plugin/unit/json.ts'

/** A bundle as it was uploaded; undefined when Unit would not take it. */
export function readPem(
  pem: string,
): { readonly chain: readonly X509Certificate[]; readonly key: KeyObject } | undefined {
  try {
    const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? []
    const chain = blocks.map((block) => new X509Certificate(block))
    const key = createPrivateKey(pem)
    return chain[0]?.checkPrivateKey(key) ? { chain, key } : undefined
  } catch {
    return undefined
  }
}

/** As `GET /certificates/NAME` tells it. */
export function told(pem: string): Json {
  const { chain, key } = readPem(pem)!
  const bits = key.asymmetricKeyDetails?.modulusLength
  return {
    key: bits === undefined ? 'ECDH' : `RSA (${bits} bits)`,
    chain: chain.map(({ subject, issuer, validFrom, validTo }) => ({
      subject: { common_name: commonName(subject) },
      issuer: { common_name: commonName(issuer) },
      validity: { since: validFrom, until: validTo },
    })),
  }
}

function commonName(name: string): string {
  return /^CN=(.*)$/m.exec(name)?.[1] ?? ''
}

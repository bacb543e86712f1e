// SCRIPT_NAME and PATH_INFO are latin-1 "native strings" (PEP 3333, "Unicode Issues"): each character is one byte of the URL.

const NOT_ASCII = /[\x80-\xff]/
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads PATH_INFO, SCRIPT_NAME or any other native string as UTF-8: `/caf\xc3\xa9` becomes `/café`.
 * Bytes that are no UTF-8 are given back as they came, as latin-1.
 */
export function decodePathInfo(native: string): string {
  if (!NOT_ASCII.test(native)) return native
  try {
    return utf8.decode(Buffer.from(native, 'latin1'))
  } catch {
    return native
  }
}

/** The way back: `/café` becomes the native string `/caf\xc3\xa9`. */
export function encodePathInfo(text: string): string {
  return Buffer.from(text).toString('latin1')
}

// What AJP13 writes as a number (ajpv13a: methods, request headers, response headers).

/** Methods, by their code from 1. */
const METHODS = [
  '',
  'OPTIONS',
  'GET',
  'HEAD',
  'POST',
  'PUT',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'PROPPATCH',
  'MKCOL',
  'COPY',
  'MOVE',
  'LOCK',
  'UNLOCK',
  'ACL',
  'REPORT',
  'VERSION-CONTROL',
  'CHECKIN',
  'CHECKOUT',
  'UNCHECKOUT',
  'SEARCH',
  'MKWORKSPACE',
  'UPDATE',
  'LABEL',
  'MERGE',
  'BASELINE-CONTROL',
  'MKACTIVITY',
] as const

/** The code of a method whose name is an attribute. */
export const STORED_METHOD = 0xff

/** Request header fields, by their code from 0xA001. */
const REQUEST_FIELDS = [
  '',
  'Accept',
  'Accept-Charset',
  'Accept-Encoding',
  'Accept-Language',
  'Authorization',
  'Connection',
  'Content-Type',
  'Content-Length',
  'Cookie',
  'Cookie2',
  'Host',
  'Pragma',
  'Referer',
  'User-Agent',
] as const

/** Response header fields, by their code from 0xA001. */
const RESPONSE_FIELDS = [
  '',
  'Content-Type',
  'Content-Language',
  'Content-Length',
  'Date',
  'Last-Modified',
  'Location',
  'Set-Cookie',
  'Set-Cookie2',
  'Servlet-Engine',
  'Status',
  'WWW-Authenticate',
] as const

/** The high byte of a coded field; a string of this length (40960 and more) cannot be told from it, and is not written. */
export const CODED = 0xa000

/** One of the three lists, both ways. Names are found in any case. */
export class Coded {
  readonly #names: readonly string[]
  readonly #codes = new Map<string, number>()

  constructor(names: readonly string[]) {
    this.#names = names
    for (const [code, name] of names.entries()) if (code > 0) this.#codes.set(name.toLowerCase(), code)
  }

  /** The name for a code, or undefined when there is no such code. */
  name(code: number): string | undefined {
    return code > 0 ? this.#names[code] : undefined
  }

  /** The code for a name in lower case, or undefined when it has none. */
  code(name: string): number | undefined {
    return this.#codes.get(name)
  }
}

export const methods: Coded = new Coded(METHODS)
export const requestFields: Coded = new Coded(REQUEST_FIELDS)
export const responseFields: Coded = new Coded(RESPONSE_FIELDS)

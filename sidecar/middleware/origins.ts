// Origins of pages (RFC 6454), as the layer `cors` is told whose may.
import { ConfigError } from '../errors.ts'

/** A set of origins. */
export interface Origins {
  /** It is that of all. */
  readonly all: boolean
  /** `origin` as in the field Origin. */
  has(origin: string): boolean
}

/** Scheme, a host that may begin with `*.`, and a port that may be `*`. */
const WRITTEN = /^([a-z][a-z0-9+.-]*):\/\/(\*\.)?([^/:*]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}|\*))?$/i
/** What a browser sends: letters are small in it, and there is no port that the scheme has by itself. */
const SENT = /^([a-z][a-z0-9+.-]*):\/\/([a-z0-9._-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?$/

const USUAL: Readonly<Record<string, string>> = { http: '80', https: '443' }

interface Pattern {
  readonly scheme: string
  readonly below: boolean
  readonly host: string
  /** Empty: that of the scheme. `*`: any. */
  readonly port: string
}

/** @throws {ConfigError} ORIGIN_BAD */
export function allowedOrigins(entries: readonly string[], path: string): Origins {
  const exact = new Set<string>()
  const patterns: Pattern[] = []
  entries.forEach((entry, index) => {
    if (entry === '*' || entry === 'null') return void exact.add(entry)
    const [whole, scheme = '', star, host = '', port = ''] = WRITTEN.exec(entry.toLowerCase()) ?? []
    if (whole === undefined) {
      const message = `${JSON.stringify(entry)} is no origin: it is a scheme and a host with no path behind it, such as https://app.example.com`
      throw new ConfigError('ORIGIN_BAD', `${path}.${index}`, message)
    }
    const own = port === USUAL[scheme] ? '' : port
    if (star !== undefined || own === '*') patterns.push({ scheme, below: star !== undefined, host, port: own })
    else exact.add(`${scheme}://${host}${own === '' ? '' : `:${own}`}`)
  })
  return {
    all: exact.has('*'),
    has: (origin) => exact.has('*') || exact.has(origin) || patterns.some((pattern) => fits(origin, pattern)),
  }
}

function fits(origin: string, { scheme, below, host, port }: Pattern): boolean {
  const parts = SENT.exec(origin)
  if (!parts || parts[1] !== scheme) return false
  if (below ? !parts[2]!.endsWith(`.${host}`) || parts[2]!.length === host.length + 1 : parts[2] !== host) return false
  return port === '*' || port === (parts[3] ?? '')
}

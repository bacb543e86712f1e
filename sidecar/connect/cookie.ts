// Set-Cookie of a server whose paths and host are not those that its clients know. Read as browsers read it (RFC 6265bis 5.6): at every `;`,
// quoted or not, and of several attributes of one name the last counts. All else passes as it is written.

/** What becomes of the attributes. */
export interface CookieRules {
  /** The Path that a client is to get; undefined: as it is. */
  path(path: string): string | undefined
  /** Whether a domain, in lower case, is the server's own, which no client knows. */
  isOwn(domain: string): boolean
}

/** The value of a Set-Cookie field for the client. */
export function movedCookie(value: string, rules: CookieRules): string {
  // Browsers refuse these with another Path than `/`, or with a Domain (RFC 6265bis 4.1.3.2).
  if (/^\s*__Host-/i.test(value)) return value
  const parts = value.split(';')
  const last = (name: string): number => parts.findLastIndex((part, index) => index > 0 && nameOf(part) === name)
  const at = last('path')
  const path = at < 0 ? undefined : rules.path(valueOf(parts[at]!))
  if (path !== undefined) parts[at] = withValue(parts[at]!, path)
  const domain = last('domain')
  if (domain < 0 || !rules.isOwn(valueOf(parts[domain]!).replace(/^\./, '').toLowerCase())) return parts.join(';')
  // Without any it is for the host that was asked, which is what the server meant.
  return parts.filter((part, index) => index === 0 || nameOf(part) !== 'domain').join(';')
}

function nameOf(part: string): string {
  const equals = part.indexOf('=')
  return (equals < 0 ? part : part.slice(0, equals)).trim().toLowerCase()
}

function valueOf(part: string): string {
  const equals = part.indexOf('=')
  return equals < 0 ? '' : part.slice(equals + 1).trim()
}

function withValue(part: string, value: string): string {
  const equals = part.indexOf('=')
  const before = /^\s*/.exec(part.slice(equals + 1))![0]
  return part.slice(0, equals + 1) + before + value
}

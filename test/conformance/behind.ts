// What a web server in front makes impossible, whatever the gateway behind it does: each case with the reason, as measured with the
// versions in docs/conformance-matrix.md; and what it rightly writes into its error log because of the other cases.

/** A web server in front, as in the setting `host`, and the protocol that it speaks to the gateway. */
export interface Behind {
  readonly host: string
  readonly protocol: string
}

/** Cases with their reasons; `*` is every protocol of the host. */
type Reasons = Readonly<Record<string, Readonly<Record<string, string>>>>

const commas = 'joins repeated Cookie fields with a comma, which may be part of a cookie (RFC 9113 8.2.3 has "; ")'
const phrases = 'has reason phrases of its own'
const chunked411 = 'answers 411 to an upload without a length: the protocol has no other way to end it'
const unit411 = 'NGINX Unit answers 411 to an upload without a length, unless settings.http.chunked_transform is on'
const cut =
  'takes a connection that closes early for the end of a response, and counts its length anew when all of it has come'
const resolved = 'mod_ajp13 sends the path decoded, slashes merged and dots resolved, and no other form of it'
const lines8k = 'refuses a field of a response that is longer than 8 KB'

const limits: Readonly<Record<string, Reasons>> = {
  apache: {
    '*': { 'cookie-twice': `Apache ${commas}` },
    http: {
      'path-slashes-leading':
        'Apache takes the slashes that a target begins with for one, and then leaves nocanon aside',
    },
    fastcgi: { 'header-large-out': `mod_proxy_fcgi ${lines8k}` },
    uwsgi: {
      'header-large-out': `mod_proxy_uwsgi ${lines8k}`,
      'body-chunked': `mod_proxy_uwsgi ${chunked411}`,
      'body-chunked-megabyte': `mod_proxy_uwsgi ${chunked411}`,
    },
    scgi: {
      'header-large-out': `mod_proxy_scgi ${lines8k}`,
      'body-chunked': `mod_proxy_scgi ${chunked411}`,
      'body-chunked-megabyte': `mod_proxy_scgi ${chunked411}`,
      'raise-after-head': `mod_proxy_scgi ${cut}`,
      'shorter-than-length': `mod_proxy_scgi ${cut}`,
      'wsgi-exc-info-after': `mod_proxy_scgi ${cut}`,
    },
    ajp: {
      'path-slashes-leading':
        'Apache takes the slashes that a target begins with for one, and then leaves nocanon aside',
      'header-large-out': 'a response head is one packet, of 8 KB unless both sides agree on more',
    },
  },
  lighttpd: {
    '*': {
      'reason-own': `lighttpd ${phrases}`,
      'header-empty': 'lighttpd leaves out request fields without a value',
      'header-empty-out': 'lighttpd leaves out response fields without a value',
    },
    ajp: {
      'path-slashes-kept': resolved,
      'path-slashes-leading': resolved,
      'path-encoded-slash': resolved,
      'path-above-root': resolved,
      'path-bad-escape': resolved,
      'method-patch': 'mod_ajp13 answers 400 to PATCH',
      'header-large': 'a request head is one packet, which mod_ajp13 has at 8 KB',
      'header-large-out': 'a response head is one packet, of 8 KB unless both sides agree on more',
    },
  },
  haproxy: {
    fastcgi: {
      'status-304': 'HAProxy adds Content-Length: 0 to a 304 without one',
      'body-chunked-megabyte': 'HAProxy answers 400 to an upload without a length that does not fit into one buffer',
      'body-unread-large':
        'HAProxy 2.6 now and then loses the end of a response that comes before it has sent the upload',
    },
  },
  unit: {
    http: { 'body-chunked': unit411, 'body-chunked-megabyte': unit411 },
  },
  caddy: {
    '*': { 'reason-own': `Caddy ${phrases}` },
    fastcgi: { 'cookie-twice': `Caddy ${commas}` },
  },
}

// Lines about responses that were cut or not waited for, and about targets that the host itself refuses.
const complaints: Readonly<Record<string, RegExp>> = {
  apache: /AH10244|AH01110|AH01067|AH01075|AH01030|AH00992|AH00893/,
  lighttpd: /unexpected end-of-file|response already sent out/,
  caddy: /aborting with incomplete response|reading from backend/,
}

/** Why a case cannot be asked behind a host; undefined when it can. */
export function impossibleBehind(behind: Behind, name: string): string | undefined {
  return impossibleCases(behind)[name]
}

/** The cases that a host makes impossible over a protocol, with the reasons. */
export function impossibleCases({ host, protocol }: Behind): Readonly<Record<string, string>> {
  return { ...limits[host]?.['*'], ...limits[host]?.[protocol] }
}

/** The lines that a host rightly writes into its error log because of the cases; for nginx the cases have them (`hostLog`). */
export function complaintsOf(host: string): RegExp[] {
  const pattern = complaints[host]
  return pattern ? [pattern] : []
}

// CGI, as a host: any web server that can do nothing else. What it gets from here is the relay, a program for its cgi-bin.
import { readFileSync } from 'node:fs'
import { ConfigError } from '../../sidecar/errors.ts'
import { formatEndpoint } from '../../sidecar/address.ts'
import { endpointFor } from '../listener.ts'
import type { Host, PlugInput, PlugOptions } from '../host.ts'

const ADDRESS = /^ADDRESS = ".*"$/m

/** @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME */
function render(input: PlugInput, { protocol = 'fastcgi' }: PlugOptions = {}): string {
  if (protocol !== 'fastcgi') {
    throw new ConfigError('PLUG_PROTOCOL', 'protocol', `the relay speaks fastcgi to Sidegate, not ${protocol}`)
  }
  const address = formatEndpoint(endpointFor(input, protocol))
  // JSON's escapes are Python's, for everything that is printable.
  if (/[^\x20-\x7e]/.test(address))
    throw new ConfigError('PLUG_NAME', 'listen', `${address} is not plain ASCII: rename it`)
  return readFileSync(new URL('relay.py', import.meta.url), 'utf8').replace(
    ADDRESS,
    () => `ADDRESS = ${JSON.stringify(address)}`,
  )
}

export const cgi = {
  name: 'cgi',
  summary: 'any web server that runs CGI programs, by a small relay (RFC 3875)',
  protocols: ['fastcgi'],
  extension: 'py',
  files: { 'relay.py': {} },
  // Who obeys RFC 3875 sends what an app needs.
  repair: (variables) => variables,
  render,
} satisfies Host

// The words behind the handler in the configuration of IIS.
import { isAbsolute } from 'node:path'
import { parseArgs } from 'node:util'
import { parseAddress, type Endpoint } from '../../../sidecar/address.ts'
import { ConfigError } from '../../../sidecar/errors.ts'

export interface Options {
  /** Where Sidegate takes FastCGI. */
  readonly endpoint: Endpoint
  /** The folder of the site, absolute: it has a folder `logs`, and the configuration of a Sidegate that is started. */
  readonly site: string
  readonly start: boolean
}

/** @throws {ConfigError} IIS_HANDLER, ADDRESS_BAD */
export function readOptions(words: readonly string[]): Options {
  const { values, positionals } = parsed(words)
  const [address, site] = positionals
  if (positionals.length !== 2 || !isAbsolute(site!)) {
    throw bad(
      `it is called with an address and the absolute path of the site's folder, not with ${JSON.stringify(positionals)}`,
    )
  }
  const { protocol, endpoint } = parseAddress(address!, 'the address of the handler')
  if (protocol !== undefined && protocol !== 'fastcgi') throw bad(`it speaks fastcgi to Sidegate, not ${protocol}`)
  return { endpoint, site: site!, start: values.start === true }
}

function parsed(words: readonly string[]) {
  try {
    return parseArgs({ args: [...words], options: { start: { type: 'boolean' } }, allowPositionals: true })
  } catch (error) {
    throw bad((error as Error).message)
  }
}

function bad(message: string): ConfigError {
  return new ConfigError(
    'IIS_HANDLER',
    'arguments',
    `the handler for IIS: ${message} (sidegate plug iis writes the line)`,
  )
}

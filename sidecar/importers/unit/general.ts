// `settings` and `access_log` → what stands at the top of the configuration, and in front of the gateway.
import { resolve } from 'node:path'
import type { ConfigPath } from '../../problem.ts'
import { compressionLayer } from './compression.ts'
import type { Group } from './group.ts'
import { leftOptions } from './options.ts'
import type { Told } from './told.ts'

/** Unit's, in bytes. */
const BODY_MAX = 8 * 1024 * 1024

/** The format that Unit writes unless it is given another. */
const COMBINED =
  '$remote_addr - - [$time_local] "$request_line" $status $body_bytes_sent "$header_referer" "$header_user_agent"'

/** What is the same for all listeners and mounts. */
export interface General {
  readonly log: Readonly<Record<string, unknown>>
  readonly layers: readonly unknown[]
  /** For each listener. */
  readonly listener: Readonly<Record<string, unknown>>
}

/** Reads them. */
export function generalOf(data: Group, told: Told): General {
  const settings = (data.settings ?? {}) as Group
  const http = (settings.http ?? {}) as Group
  const at = (name: string): ConfigPath => ['settings', 'http', name]
  const listener: Record<string, unknown> = {}
  if (typeof http.header_read_timeout === 'number') {
    listener.headTimeout = http.header_read_timeout
    told.carried(at('header_read_timeout'), ['listen', 0, 'headTimeout'])
  }
  if (http.discard_unsafe_fields !== undefined) {
    if (http.discard_unsafe_fields === false) listener.underscoresInHeaders = true
    told.carried(at('discard_unsafe_fields'), ['listen', 0, 'underscoresInHeaders'])
  }
  const most = typeof http.max_body_size === 'number' ? http.max_body_size : BODY_MAX
  if (http.max_body_size !== undefined) told.carried(at('max_body_size'), ['use', 0, 'limit', 'body'])
  for (const [path, why] of Object.entries(leftOptions)) {
    const keys = path.split('.')
    const value = keys.reduce<unknown>((group, key) => (group as Group | undefined)?.[key], data)
    if (value !== undefined) told.left(keys, why)
  }
  const layers: unknown[] = most === 0 ? [] : [{ limit: { body: most } }]
  if (http.compression !== undefined) {
    const compress = compressionLayer(http.compression as Group, told, ['use', layers.length, 'compress'])
    if (compress) layers.push({ compress })
  }
  return { log: logOf(data.access_log, told), layers, listener }
}

function logOf(given: unknown, told: Told): Record<string, unknown> {
  if (given === undefined) return { access: false }
  const path = ['access_log']
  const { path: file, format, if: condition } = typeof given === 'string' ? { path: given } : (given as Group)
  const at = (name: string): ConfigPath => (typeof given === 'string' ? path : [...path, name])
  if (condition !== undefined) told.left(at('if'), 'all requests are logged, or none')
  const own = format === undefined || format === COMBINED
  if (format !== undefined && own) told.carried(at('format'), ['log', 'format'])
  else if (format !== undefined)
    told.left(at('format'), 'formats are text, json and combined: json has all that a record knows')
  told.changed(at('path'), ['log', 'file'], 'all records go there, and what apps print')
  return { file: resolve('/', String(file)), ...(own && { format: 'combined' }) }
}

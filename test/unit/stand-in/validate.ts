// What Unit finds wrong with a configuration, in its words as recorded (../recorded.md) or as they stand in its sources
// (src/nxt_conf_validation.c). What the stand-in does not know is a failure of the test, not an answer.
import { isIP } from 'node:net'
import { isList, isObject, member, type Json, type JsonObject } from '../../../plugin/unit/json.ts'

/** Unit's `detail`. */
export class Invalid extends Error {}

/** The stand-in does not know what Unit would say. */
export class Unknown extends Error {}

type Check = (value: Json, context: Context) => void

interface Context {
  readonly root: JsonObject
  readonly certificates: readonly string[]
}

/** @throws {Invalid} @throws {Unknown} */
export function validate(root: Json, certificates: readonly string[]): void {
  const context = { root: object(root), certificates }
  members(root, context, {
    settings: (value) => members(value, context, { http: (http) => members(http, context, HTTP) }),
    listeners: each((address, value) => {
      if (!isListenerAddress(address)) throw new Invalid(`The listener address "${address}" is invalid.`)
      members(value, context, LISTENER, ['pass'])
    }),
    routes: (value) => {
      for (const steps of isList(value) ? [value] : Object.values(object(value)))
        for (const step of list(steps)) members(step, context, STEP, ['action'])
    },
    applications: each((_, value) => {
      if (member(value, 'type') !== 'external') throw new Unknown('an application that is not external')
      members(value, context, { type: text, executable: text, arguments: texts, working_directory: text }, [
        'executable',
      ])
    }),
    upstreams: each((_, value) =>
      members(value, context, { servers: each((__, server) => members(server, context, { weight: number })) }),
    ),
    access_log: text,
  })
}

const text: Check = (value) => demand(typeof value === 'string', 'a string')
const number: Check = (value) => demand(typeof value === 'number', 'a number')
const flag: Check = (value) => demand(typeof value === 'boolean', 'a boolean')
const texts: Check = (value, context) => {
  if (isList(value)) for (const one of value) text(one, context)
  else text(value, context)
}

const HTTP: Readonly<Record<string, Check>> = {
  header_read_timeout: number,
  body_read_timeout: number,
  send_timeout: number,
  idle_timeout: number,
  max_body_size: number,
  discard_unsafe_fields: flag,
  server_version: flag,
}

const LISTENER: Readonly<Record<string, Check>> = {
  pass,
  backlog: number,
  tls: (value, context) =>
    members(value, context, { certificate: (names) => certificates(names, context) }, ['certificate']),
  forwarded: (value, context) => {
    members(value, context, { client_ip: text, protocol: text, recursive: flag, source: texts }, ['source'])
    demand('client_ip' in object(value) || 'protocol' in object(value), 'a client_ip or a protocol')
  },
}

const STEP: Readonly<Record<string, Check>> = {
  match: (value, context) =>
    members(value, context, {
      host: texts,
      uri: texts,
      method: texts,
      scheme: text,
      source: texts,
      destination: texts,
    }),
  action,
}

const COMMON: Readonly<Record<string, Check>> = {
  rewrite: text,
  response_headers: each((_, value) => demand(typeof value === 'string' || value === null, 'a string or null')),
}

const ACTIONS: Readonly<Record<string, Readonly<Record<string, Check>>>> = {
  pass: { pass },
  return: { return: number, location: text },
  proxy: {
    proxy: (value) => {
      if (!isProxyAddress(String(value))) throw new Invalid(`The "proxy" address is invalid "${String(value)}"`)
    },
  },
  share: {
    share: texts,
    index: text,
    types: texts,
    chroot: text,
    follow_symlinks: flag,
    traverse_mounts: flag,
    fallback: action,
  },
}

function action(value: Json, context: Context): void {
  const kinds = Object.keys(ACTIONS).filter((kind) => member(value, kind) !== undefined)
  if (kinds.length !== 1) throw new Unknown(`an action of ${kinds.length} kinds`)
  members(value, context, { ...COMMON, ...ACTIONS[kinds[0]!] })
}

function pass(value: Json, { root }: Context): void {
  const target = String(value)
  if (target.includes('$')) return
  const [kind = '', ...names] = target.split('/').map(decodeURIComponent)
  const place = member(root, kind)
  const there =
    ['routes', 'applications', 'upstreams'].includes(kind) &&
    (names.length === 0
      ? kind === 'routes' && isList(place)
      : names.length === 1 && member(place, names[0]!) !== undefined)
  if (!there) throw new Invalid(`Request "pass" points to invalid location "${target}".`)
}

function certificates(value: Json, context: Context): void {
  for (const name of isList(value) ? value : [value])
    if (!context.certificates.includes(String(name))) throw new Invalid(`Certificate "${String(name)}" is not found.`)
}

/** Members in the order in which they stand, then those that have to be there. */
function members(
  value: Json,
  context: Context,
  known: Readonly<Record<string, Check>>,
  required: readonly string[] = [],
): void {
  const found = object(value)
  for (const [name, one] of Object.entries(found)) {
    const check = Object.hasOwn(known, name) ? known[name] : undefined
    if (!check) throw new Invalid(`Unknown parameter "${name}".`)
    check(one, context)
  }
  const missing = required.find((name) => found[name] === undefined)
  if (missing !== undefined) throw new Invalid(`Required parameter "${missing}" is missing.`)
}

function each(check: (name: string, value: Json) => void): Check {
  return (value) => {
    for (const [name, one] of Object.entries(object(value))) check(name, one)
  }
}

function object(value: Json): JsonObject {
  demand(isObject(value), 'an object')
  return value as JsonObject
}

function list(value: Json): readonly Json[] {
  demand(isList(value), 'a list')
  return value as readonly Json[]
}

function demand(right: boolean, what: string): void {
  if (!right) throw new Unknown(`a value that is not ${what}`)
}

function isListenerAddress(address: string): boolean {
  return address.startsWith('unix:') || isSocketAddress(address.replace(/^\*(?=:)/, '0.0.0.0'))
}

function isProxyAddress(address: string): boolean {
  const rest = address.startsWith('http://') ? address.slice('http://'.length) : ''
  return /^unix:./.test(rest) || isSocketAddress(rest)
}

function isSocketAddress(address: string): boolean {
  const [, six, four, port] = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(address) ?? []
  return isIP(six ?? four ?? '') > 0 && Number(port) > 0 && Number(port) < 65_536
}

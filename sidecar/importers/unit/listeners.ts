// `listeners` → `listen`, and the pass that is imported: Sidegate has the same mounts on all of its addresses.
import { isIP } from 'node:net'
import type { ConfigPath } from '../../problem.ts'
import { addressWithoutTls } from '../tls.ts'
import type { Group } from './group.ts'
import type { Told } from './told.ts'

/** What is listened on, and where its requests go. */
export interface Listeners {
  readonly listen: readonly unknown[]
  /** The pass of all of them, and its path. Undefined: there are none. */
  readonly pass: { readonly value: unknown; readonly path: ConfigPath } | undefined
}

/** @param wanted names of listeners, where not all of them are to be imported */
export function listenersOf(groups: Group, wanted: readonly string[], routes: unknown, told: Told): Listeners {
  const all = Object.entries(groups) as [string, Group][]
  const named = wanted.length === 0 ? all : all.filter(([name]) => wanted.includes(name))
  // Beside one with TLS, that on port 80 only leads to it.
  const first =
    named.find(([, listener]) => listener.tls !== undefined) ??
    named.find(([, listener]) => !leadsAway(listener.pass, routes)) ??
    named[0]
  if (!first) return { listen: [], pass: undefined }
  const { value, key } = leadOf(first[1])
  const kept = named.filter(([, listener]) => leadOf(listener).value === value)
  for (const [name] of all) {
    if (kept.some(([one]) => one === name)) continue
    const why = `it leads elsewhere than ${first[0]}, and mounts are the same on all addresses: import it for another Sidegate, with ${JSON.stringify(name)} behind the file`
    told.left(['listeners', name], why)
  }
  const listen: unknown[] = []
  for (const [name, listener] of kept) {
    const entry = listenerOf(name, listener, listen.length, told)
    if (entry) listen.push(entry)
  }
  return { listen, pass: { value, path: ['listeners', first[0], key] } }
}

/** Where a listener leads: `application` is what it was before there was `pass`. */
function leadOf({ pass, application }: Group): { value: unknown; key: 'pass' | 'application' } {
  if (pass !== undefined || application === undefined) return { value: pass, key: 'pass' }
  return { value: `applications/${encodeURIComponent(String(application))}`, key: 'application' }
}

/** Whether a route is for nothing but redirects. */
function leadsAway(pass: unknown, routes: unknown): boolean {
  const name = /^routes(?:\/(.+))?$/.exec(String(pass))
  const steps = name && (name[1] === undefined ? routes : (routes as Group | undefined)?.[name[1]])
  return (
    Array.isArray(steps) &&
    steps.every(({ action }: Group) => String((action as Group | undefined)?.return).startsWith('30'))
  )
}

function listenerOf(name: string, listener: Group, index: number, told: Told): unknown {
  const path = ['listeners', name]
  const to = (setting: string): ConfigPath => ['listen', index, setting]
  const address = addressOf(name)
  if (address === undefined) {
    told.left(path, 'it is an abstract socket: a Unix socket has a path')
    return undefined
  }
  const secure = listener.tls !== undefined
  const moved = secure ? addressWithoutTls(address) : address
  const entry: Record<string, unknown> = { address: `http://${moved}` }
  if (secure) {
    told.changed(
      [...path, 'tls'],
      to('address'),
      `without TLS at ${moved}, for a web server in front that has ${address} and the certificate`,
    )
    told.report.host(`nginx: listen ${address.replace(/^0\.0\.0\.0:/, '')} ssl; proxy_pass http://${moved};`)
    told.report.host('nginx: proxy_set_header Host $host; X-Forwarded-For $remote_addr; X-Forwarded-Proto $scheme')
    entry.trust = ['127.0.0.1']
  }
  told.carried([...path, leadOf(listener).key], to('address'))
  if (address.startsWith('unix:')) entry.mode = '0666'
  if (typeof listener.backlog === 'number') {
    told.carried([...path, 'backlog'], to('backlog'), listener.backlog < 1 ? 'it is 511 then' : undefined)
    if (listener.backlog >= 1) entry.backlog = listener.backlog
  }
  const trust = forwarded(listener, path, to('trust'), told)
  if (trust) Object.assign(entry, { trust, forwardedHost: false })
  return entry
}

/** `*:80` → `0.0.0.0:80`. */
function addressOf(name: string): string | undefined {
  if (name.startsWith('unix:@')) return undefined
  return name.replace(/^\*:/, '0.0.0.0:')
}

/** `client_ip` is what it was before there was `forwarded`. */
function forwarded(listener: Group, path: ConfigPath, to: ConfigPath, told: Told): string[] | undefined {
  const older = listener.client_ip as Group | undefined
  const group = (listener.forwarded as Group | undefined) ?? (older && { ...older, client_ip: older.header })
  if (!group) return undefined
  const at = [...path, listener.forwarded === undefined ? 'client_ip' : 'forwarded']
  const name = (key: string): string => String(group[key] ?? '').toLowerCase()
  const other = ['client_ip', 'protocol'].find(
    (key, index) => name(key) !== '' && name(key) !== ['x-forwarded-for', 'x-forwarded-proto'][index],
  )
  const source = [group.source ?? []].flat().map(String)
  const bad = source.find((one) => one !== 'unix' && isIP(one.replace(/\/[0-9]+$/, '')) === 0)
  if (other !== undefined || bad !== undefined) {
    const what =
      other === undefined
        ? `the address ${bad} is no address or network`
        : `${other} is another field than X-Forwarded-For and X-Forwarded-Proto`
    told.left(at, `${what}: the layer proxy-fix, or set those in the proxy`)
    return undefined
  }
  told.changed(at, to, 'the client is the last address that is not trusted itself, as with recursive')
  return source
}

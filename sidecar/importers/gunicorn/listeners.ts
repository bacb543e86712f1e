// bind and what belongs to it → the entries of `listen`.
import { resolve } from 'node:path'
import { ConfigError } from '../../errors.ts'
import { addressWithoutTls } from '../tls.ts'
import type { Context } from './context.ts'
import type { Given } from './given.ts'

const EVERYBODY = ['0.0.0.0/0', '::/0', 'unix']
const LOOPBACK = ['127.0.0.1', '::1']

/** The listeners. @throws {ConfigError} IMPORT_SYNTAX */
export function listenersOf(context: Context): unknown[] {
  const { settings, report, environment } = context
  const bind = settings.take('bind')
  const given = (bind?.value as readonly string[] | undefined) ?? defaultBind(environment.PORT)
  const secure = ['certfile', 'keyfile'].some((name) => settings.text(name) !== undefined)
  const protocol = protocolOf(context)
  const common = { ...proxies(context), ...headers(context), ...backlog(context), ...trusted(context, protocol) }
  const listen = given.map((address, index) => {
    const written = addressOf(address, bind, context)
    const moved = secure ? addressWithoutTls(written) : written
    const entry = { address: `${protocol}://${moved}`, ...mode(context, written), ...common }
    const place = bind?.place ?? (environment.PORT === undefined ? 'bind (default)' : 'environment PORT')
    const line = bind?.written ?? address
    if (moved === written) report.carried(place, line, ['listen', index, 'address'])
    else {
      const note = `without TLS at ${moved}, for a web server in front that has ${written} and the certificate`
      report.changed(place, line, ['listen', index, 'address'], note)
    }
    return entry
  })
  if (protocol === 'http') {
    const first = (listen[0] as { address: string } | undefined)?.address ?? ''
    report.host(`nginx: proxy_pass ${first.startsWith('http://unix:') ? `${first}:` : first};`)
    report.host('nginx: proxy_set_header Host $host; X-Forwarded-For $remote_addr; X-Forwarded-Proto $scheme')
  } else
    report.host(
      `nginx: uwsgi_pass ${(listen[0] as { address: string }).address.replace('uwsgi://', '')}; include uwsgi_params;`,
    )
  tls(context, secure)
  return listen
}

function defaultBind(port: string | undefined): readonly string[] {
  return [port === undefined ? '127.0.0.1:8000' : `0.0.0.0:${port}`]
}

/** As gunicorn.util.parse_address has it. */
function addressOf(text: string, bind: Given | undefined, { start }: Context): string {
  const unix = /^unix:(?:\/\/)?(.*)$/.exec(text)?.[1]
  if (unix !== undefined) return `unix:${unix.startsWith('@') ? unix : resolve(start, unix)}`
  const fd = /^fd:\/\/([0-9]+)$/.exec(text)?.[1]
  if (fd !== undefined) return `fd:${fd}`
  const plain = text.replace(/^tcp:\/\//, '')
  const [, six, host = '', port = '8000'] = /^(?:\[([^\]]*)\]|([^:]*))(?::([0-9]*))?$/.exec(plain) ?? []
  if (!/^(?:\[[^\]]*\]|[^:]*)(?::[0-9]+)?$/.test(plain))
    throw new ConfigError('IMPORT_SYNTAX', bind?.place ?? 'environment PORT', `${text} is no address`)
  if (six !== undefined) return `[${six}]:${port}`
  return `${host === '' ? '0.0.0.0' : host}:${port}`
}

/** gunicorn makes its sockets with all permissions but those of umask, which is 0 unless set. */
function mode({ settings }: Context, address: string): { mode?: string } {
  if (!address.startsWith('unix:')) return {}
  const mask = settings.number('umask') ?? 0
  return { mode: (0o777 & ~mask).toString(8).padStart(4, '0') }
}

function protocolOf({ settings, report }: Context): 'http' | 'uwsgi' {
  const given = settings.take('protocol')
  const value = given?.value ?? 'http'
  if (value !== 'http' && value !== 'uwsgi')
    throw new ConfigError('IMPORT_SYNTAX', given!.place, `protocol is http or uwsgi, not ${String(value)}`)
  if (given) report.carried(given.place, given.written, ['listen', 0, 'address'])
  return value
}

function backlog({ settings, report }: Context): { backlog?: number } {
  const given = settings.take('backlog')
  if (!given) return {}
  report.carried(given.place, given.written, ['listen', 0, 'backlog'])
  return { backlog: given.value as number }
}

function headers({ settings, report }: Context): { underscoresInHeaders?: true } {
  const given = settings.take('header_map')
  if (!given) return {}
  if (given.value !== 'dangerous') {
    report.carried(given.place, given.written, ['listen', 0, 'underscoresInHeaders'], 'such fields are left out')
    return {}
  }
  report.carried(given.place, given.written, ['listen', 0, 'underscoresInHeaders'])
  return { underscoresInHeaders: true }
}

function proxies({ settings, report }: Context): { proxyProtocol?: readonly string[] } {
  const given = settings.take('proxy_protocol')
  const allowed = settings.take('proxy_allow_ips')
  const on = given !== undefined && !['off', 'false', 'none', ''].includes(String(given.value).toLowerCase())
  if (given && !on) report.carried(given.place, given.written, ['listen', 0, 'proxyProtocol'], 'it is off here too')
  if (!on) {
    if (allowed) report.left(allowed.place, allowed.written, 'proxy_protocol is off')
    return {}
  }
  const proxyProtocol = peersOf(allowed?.value as string[] | undefined)
  const note = 'both versions are taken, and demanded of these peers on every connection'
  report.changed(given.place, given.written, ['listen', 0, 'proxyProtocol'], note)
  if (allowed) report.carried(allowed.place, allowed.written, ['listen', 0, 'proxyProtocol'])
  return { proxyProtocol }
}

/** Whose word counts. */
function trusted({ settings, report, environment }: Context, protocol: string): Record<string, unknown> {
  const forwarded = settings.take('forwarded_allow_ips')
  const allowed = settings.take('uwsgi_allow_ips')
  if (protocol === 'uwsgi') {
    const why = 'by uwsgi the web server says what it knows in variables'
    if (forwarded) report.left(forwarded.place, forwarded.written, why)
    if (allowed) report.carried(allowed.place, allowed.written, ['listen', 0, 'allow'])
    return { allow: peersOf(allowed?.value as string[] | undefined).filter((one) => one !== 'unix') }
  }
  if (allowed) report.left(allowed.place, allowed.written, 'protocol is http')
  const fromEnvironment = environment.FORWARDED_ALLOW_IPS
  const list = (forwarded?.value as string[] | undefined) ?? fromEnvironment?.split(',').map((one) => one.trim())
  const note = 'REMOTE_ADDR is the client, too: the proxy has to set X-Forwarded-For'
  const place =
    forwarded?.place ??
    (fromEnvironment === undefined ? 'forwarded_allow_ips (default)' : 'environment FORWARDED_ALLOW_IPS')
  const written = forwarded?.written ?? fromEnvironment ?? '127.0.0.1,::1'
  const trust = peersOf(list)
  report.changed(place, written, ['listen', 0, 'trust'], note)
  // gunicorn believes whoever connects by a Unix socket.
  return trust.length === 0 ? {} : { trust: [...new Set([...trust, 'unix'])], forwardedHost: false }
}

function peersOf(list: readonly string[] | undefined): string[] {
  if (!list) return LOOPBACK
  return list.includes('*') ? EVERYBODY : [...list]
}

function tls({ settings, report }: Context, secure: boolean): void {
  if (!secure) return
  const names = ['certfile', 'keyfile', 'ca_certs'] as const
  for (const name of names) {
    const given = settings.take(name)
    if (given) report.left(given.place, given.written, given.setting.note)
  }
  report.host(
    `its certificate is ${settings.text('certfile') ?? 'not named'}, with the key ${settings.text('keyfile') ?? 'not named'}`,
  )
}

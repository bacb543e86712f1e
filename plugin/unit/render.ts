// Unit's configuration for the running configuration: a route to put under its name, or all of it. JSON with remarks, which Unit takes.
import type { SocketEndpoint } from '../../sidecar/address.ts'
import type { PlugInput, PlugListener, PlugOptions } from '../host.ts'
import { planFor } from '../plan.ts'
import { isTrusting } from '../trust.ts'
import type { Json } from './json.ts'
import { markOf, NAME } from './mark.ts'
import { stepsFor } from './steps.ts'
import { proxyAddress } from './words.ts'

/** What Unit and Sidegate both speak. */
export const protocols: readonly string[] = ['http']

const SOCKET = '/var/run/control.unit.sock'

/**
 * @throws {ConfigError} PLUG_PROTOCOL, PLUG_LISTENER, PLUG_NAME, ADDRESS_BAD
 */
export function render(input: PlugInput, options: PlugOptions = {}): string {
  const plan = planFor({ name: 'unit', protocols }, 'NGINX Unit', input, options, trust)
  const { first, last } = stepsFor(plan.mounts, proxyAddress(plan.endpoint), markOf(NAME))
  const steps = [...first, ...last]
  const place = plan.full ? 'config' : `config/routes/${NAME}`
  const title = [
    ...plan.title,
    '#',
    ...(plan.full ? ['# All of the configuration of a Unit that has nothing else to do.'] : []),
    `# To put it into Unit, with FILE for this file:`,
    `#     curl -X PUT --data-binary @FILE --unix-socket ${SOCKET} http://localhost/${place}`,
    ...(plan.full ? [] : [`# and let a listener have "pass": "routes/${NAME}".`]),
    `# Or let Sidegate do it: sidegate plug unit --control unix:${SOCKET}`,
    '#',
    '# In each step stands a pattern that says nothing: by it Sidegate finds its own steps again.',
  ]
  const value = plan.full ? complete(steps, plan.port) : steps
  return `${title.map((line) => line.replace(/^#/, '//')).join('\n')}\n\n${JSON.stringify(value, null, 4)}\n`
}

function complete(steps: readonly Json[], port: number): Json {
  return {
    listeners: { [`*:${port}`]: { pass: `routes/${NAME}` } },
    routes: { [NAME]: steps },
    settings: { http: { max_body_size: 100 * 1024 * 1024 } },
  }
}

/** Unit is no proxy that could be trusted: it takes no header away, and sets none. */
function trust(_: string, listener: PlugListener, endpoint: SocketEndpoint): string[] {
  if (!isTrusting(listener, endpoint)) return []
  return [
    '# Unit passes X-Forwarded-For, -Proto and -Host on as a client wrote them, and this listener believes them: take the peer out of',
    `# ${JSON.stringify(listener.trust)}, unless a proxy in front of Unit sets them (docs/hosts/unit.md).`,
  ]
}

// The layer `access`: from where a request may come, and by which methods.
import { isIP } from 'node:net'
import * as v from 'valibot'
import { ConfigError, PeerError } from '../errors.ts'
import { parsePeers, plainAddress } from '../peers.ts'
import { TOKEN } from '../token.ts'
import { letIn } from '../let-in.ts'
import type { MiddlewareKind } from './middleware.ts'
import { whereEntries, whereOf } from './where.ts'

const peers = (description: string) =>
  v.pipe(
    v.optional(v.union([v.string(), v.pipe(v.array(v.string()), v.minLength(1))])),
    v.description(
      `${description}: an address, a network (\`10.0.0.0/8\`), \`unix\`, \`pipe\` or \`all\`, or a list of them.`,
    ),
  )

const settings = v.strictObject({
  allow: peers('Who may come, and nobody else'),
  deny: peers('Who may not, whatever `allow` says'),
  methods: v.pipe(
    v.optional(v.pipe(v.array(v.pipe(v.string(), v.regex(TOKEN, 'is a method, such as GET'))), v.minLength(1))),
    v.description('The methods that are taken, in capital letters; with GET goes HEAD. Others get 405.'),
  ),
  ...whereEntries,
})

/** From where, and how. */
export const access: MiddlewareKind<'access', typeof settings, 'allow'> = {
  name: 'access',
  summary: 'Lets requests in by the address of their client, by their method and by their path.',
  settings,
  short: 'allow',
  create({ allow, deny, methods, ...paths }, { path }) {
    if (allow === undefined && deny === undefined && methods === undefined) {
      const message = 'says nothing of who may come (allow, deny) or how (methods); deny: all is nobody'
      throw new ConfigError('ACCESS_SETTINGS', path, message)
    }
    const allowed = listOf(allow, `${path}.allow`)
    const denied = listOf(deny, `${path}.deny`)
    const taken = methods && new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods)
    const where = whereOf(paths, path)
    return {
      handle(exchange, next) {
        const { variables } = exchange
        if (!where(variables)) return next(exchange)
        const { REMOTE_ADDR: address = '', REQUEST_METHOD: method = '' } = variables
        // Of one that is no address nothing is known: it is no one who may, and may be one who may not.
        if (denied?.(address, true) || (allowed && !allowed(address, false)))
          throw new PeerError('ACCESS_DENIED', `${address || 'a client without an address'} may not come here`, 403)
        if (taken && !taken.has(method)) {
          const headers = [['Allow', [...taken].join(', ')] as const]
          throw new PeerError('ACCESS_METHOD', `the method ${method} is not taken here`, 405, { headers })
        }
        if (denied || allowed) letIn(exchange)
        next(exchange)
      },
    }
  },
}

/** Whether an address is in a list. `unknown`: what is said of one that is no address. */
type Listed = (address: string, unknown: boolean) => boolean

/** @throws {ConfigError} PEER_BAD */
function listOf(setting: string | readonly string[] | undefined, path: string): Listed | undefined {
  if (setting === undefined) return undefined
  const entries = typeof setting === 'string' ? [setting] : setting
  if (entries.includes('all')) return () => true
  const list = parsePeers(entries, path)
  return (given, unknown) => {
    const address = plainAddress(given.split('%', 1)[0]!.toLowerCase())
    return address === '' || isIP(address) !== 0 ? list.has(address) : unknown
  }
}

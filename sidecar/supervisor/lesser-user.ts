// Gateways that run as another user than their supervisor, which stays root. Nothing of a configuration or an app runs as root then. Ports below 1024 are
// theirs to listen on all the same, by the one capability that is for that (capabilities(7), CAP_NET_BIND_SERVICE).
import { ConfigError } from '../errors.ts'
import { Identity } from '../processes/identity.ts'
import type { GatewayCommand } from './gateway-process.ts'

const BIND = ['--inh-caps=-all,+net_bind_service', '--ambient-caps=-all,+net_bind_service']

/**
 * The command for gateways of a user.
 * @param user `USER` or `USER:GROUP`
 * @throws {ConfigError} those of Identity
 */
export function asUser(command: GatewayCommand, user: string): GatewayCommand {
  const [name, group] = user.split(':')
  if (!name || group === '')
    throw new ConfigError(
      'OWNER_UNKNOWN',
      '--user',
      `USER or USER:GROUP is to stand there, not ${JSON.stringify(user)}`,
    )
  const identity = new Identity({ process: { user: name, group } }, '--user')
  const { uid, gid } = identity
  const { file, args, env } = identity.wrap(command, command.cwd)
  if (uid === undefined || gid === undefined) return { ...command, file, args, env }
  const account = { uid, gid, name: identity.login.USER }
  return { ...command, file, args: [...BIND, ...args], env: { ...env, ...identity.login }, account }
}

// The owner of a Unix socket: names to numbers.
import { groupCalled, userCalled } from '../accounts.ts'

/**
 * Reads `USER`, `USER:GROUP` or `:GROUP`; -1 stands for "leave as it is", as with chown(2).
 * @throws {ConfigError} OWNER_UNKNOWN
 */
export function parseOwner(text: string, path: string): { uid: number; gid: number } {
  const [user = '', group = ''] = text.split(':', 2)
  return {
    uid: user === '' ? -1 : userCalled(user, path).uid,
    gid: group === '' ? -1 : groupCalled(group, path),
  }
}

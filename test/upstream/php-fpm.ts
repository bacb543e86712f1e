// A real PHP-FPM on a Unix socket, in the foreground.
import { spawn } from 'node:child_process'
import { readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { accepts, stopProcess, until } from '../harness.ts'

/** PHP-FPM's name has its version in it on Debian. There is none for Windows, whatever Wine shows of the disk around it. */
export function phpFpm(): string | undefined {
  if (process.platform === 'win32') return undefined
  for (const folder of ['/usr/sbin', '/usr/local/sbin']) {
    const names = readable(folder).filter((name) => /^php-fpm[0-9.]*$/.test(name))
    if (names[0] !== undefined) return join(folder, names[0])
  }
  return undefined
}

function readable(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

/** A running PHP-FPM. */
export interface PhpFpm {
  /** As for `upstream`. */
  readonly url: string
  stop(): Promise<void>
}

/** Starts it in `folder`; `children`: how many processes it has. */
export async function startPhpFpm(folder: string, children: number, settings = ''): Promise<PhpFpm> {
  const file = phpFpm()
  if (!file) throw new Error('PHP-FPM is not installed')
  const socket = join(folder, 'fpm.sock')
  const config = join(folder, 'fpm.conf')
  // Root needs another user to run scripts as.
  const user = process.getuid?.() === 0 ? 'user = nobody\ngroup = nogroup\n' : ''
  writeFileSync(
    config,
    `[global]\nerror_log = ${join(folder, 'fpm.log')}\ndaemonize = no\n[www]\n${user}listen = ${socket}\npm = static\n` +
      `pm.max_children = ${children}\nping.path = /ping\ncatch_workers_output = no\nclear_env = yes\n` +
      `php_admin_flag[display_errors] = off\nphp_admin_flag[log_errors] = on\n${settings}\n`,
  )
  const child = spawn(file, ['-F', '-y', config, '-n'], { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (piece: string) => (said += piece))
  await until('PHP-FPM listens', () => {
    if (child.exitCode !== null) throw new Error(`PHP-FPM ended at once:\n${said}`)
    return accepts(`unix:${socket}`)
  })
  return { url: `fastcgi://unix:${socket}`, stop: () => stopProcess(child) }
}

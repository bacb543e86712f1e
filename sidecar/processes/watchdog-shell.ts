// What watchdogs have in common: a shell beside this process, with a pipe that only this process holds open.
import type { ChildProcess } from 'node:child_process'
import type { Socket } from 'node:net'
import { startChild } from './start-child.ts'

/**
 * Starts a shell that keeps nobody from ending, and is not ended with the group of this process.
 * @param args $1, $2, … of the script
 * @param errors where its standard error goes
 */
export function watchdogShell(
  script: string,
  args: readonly string[],
  errors: 'ignore' | 'inherit' = 'ignore',
): ChildProcess {
  const shell = startChild('/bin/sh', ['-c', script, 'sidegate-watchdog', ...args], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    stdio: ['pipe', 'ignore', errors],
    detached: true,
  })
  // Without a shell there is no watchdog; what it watches over ends all the same when it is asked to.
  shell.on('error', () => {})
  shell.stdin?.on('error', () => {})
  shell.unref()
  ;(shell.stdin as Socket | null | undefined)?.unref()
  return shell
}

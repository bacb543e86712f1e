// A process and everything that it started, to be ended together. POSIX: a process group, which the process leads; what does not leave it is
// ended with it. Windows has no groups and no signals. There a process that was not detached is in a job that the system ends with this process,
// however it goes; what it started in turn is found by who started whom, for as long as the process itself is there (taskkill /T), and nobody
// can be asked to end.
import { spawn, type ChildProcess } from 'node:child_process'
import { win32 } from 'node:path'
import { isWindows } from '../file-names.ts'

/** How long Windows may take to end a tree, in milliseconds; its root is ended directly then. */
const TASKKILL_TIMEOUT = 5000

/** For child_process: how the root of a tree is started. Signals, and Ctrl-C in the console of this process, do not reach it. */
export function rootOptions(platform?: NodeJS.Platform): { readonly detached: boolean; readonly windowsHide: true } {
  return { detached: !isWindows(platform), windowsHide: true }
}

/** Asks all of a tree to end; false where nobody can be asked. */
export function askTree(root: ChildProcess, signal: NodeJS.Signals = 'SIGTERM', platform?: NodeJS.Platform): boolean {
  if (isWindows(platform)) return false
  signalGroup(root, signal)
  return true
}

/** Ends all of a tree at once. Of one whose root is over that is what is left of its group; Windows knows nothing of it any more. */
export function killTree(root: ChildProcess, platform?: NodeJS.Platform): void {
  if (!isWindows(platform)) return signalGroup(root, 'SIGKILL')
  if (root.pid === undefined || root.exitCode !== null || root.signalCode !== null) return
  const [file, ...args] = taskkill(root.pid)
  // Detached: it goes on when this process ends meanwhile.
  const killer = spawn(file, args, { stdio: 'ignore', windowsHide: true, detached: true })
  const timer = setTimeout(() => killer.kill(), TASKKILL_TIMEOUT)
  // By its handle, which is that of no other process.
  const direct = (): void => void root.kill('SIGKILL')
  killer.once('error', direct).once('exit', (code) => {
    clearTimeout(timer)
    if (code !== 0) direct()
  })
}

/** The command that ends a process of Windows and what it started. */
export function taskkill(pid: number, { SystemRoot: root = 'C:\\Windows' } = process.env): [string, ...string[]] {
  return [win32.join(root, 'System32', 'taskkill.exe'), '/PID', String(pid), '/T', '/F']
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // Nobody left in the group.
  }
}

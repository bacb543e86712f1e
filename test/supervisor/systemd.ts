// A systemd of its own, as process 1 of namespaces of its own. It knows no units but those that are given to it, as this machine's would do to
// its files what is right at a boot (they empty /tmp); it can write nowhere but below /run, /tmp and /var/tmp, which are its own.
import { execFile, spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { promisify } from 'node:util'
import { program, until } from '../harness.ts'

const SYSTEMD = '/usr/lib/systemd/systemd'
const run = promisify(execFile)

/** $1: the folder of the app with the units in it, $2: Node.js, $3: this repository. All users may go there, whatever is around it. */
const SCRIPT = `set -e
mount --make-rprivate /
bind() { if [ -d "$1" ]; then mkdir -p "$2"; else mkdir -p "\${2%/*}"; touch "$2"; fi; mount --bind "$1" "$2"; }
mount -t tmpfs tmpfs /mnt
cd /mnt
bind "$1" app
bind "$2" bin/node
bind "$3" src
mkdir -p lock systemd/system
cp app/*.socket app/*.service systemd/system
for unit in sysinit basic sockets network shutdown multi-user; do
  printf '[Unit]\\nDefaultDependencies=no\\n' >systemd/system/$unit.target
done
mount --rbind /mnt /run
cd /
for folder in /tmp /var/tmp; do mount -t tmpfs -o mode=1777 tmpfs $folder; done
umount -R /sys/fs/cgroup || true
mount -t tmpfs tmpfs /sys/fs/cgroup
mkdir /sys/fs/cgroup/systemd
mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd
mount -o remount,bind,ro /
mount --bind /proc/sys /proc/sys
mount -o remount,bind,ro /proc/sys
exec env -i container=sidegate PATH="$PATH" SYSTEMD_UNIT_PATH=/run/systemd/system \\
  ${SYSTEMD} --system --unit=basic.target --log-target=null`

const NAMESPACES = ['--pid', '--fork', '--kill-child=KILL', '--mount', '--cgroup', '--uts', '--ipc', '--mount-proc']

/** Whether there can be one: as root, where the system lets it have namespaces. */
export const hasSystemd: boolean =
  program('unshare') !== undefined &&
  process.getuid?.() === 0 &&
  spawnSync('unshare', [...NAMESPACES, 'test', '-x', SYSTEMD]).status === 0

export interface TestSystemd {
  /** Runs a command there; gives what it printed. @throws {Error} with that, when it fails */
  run(...words: string[]): Promise<string>
  /** A path there, as it is reached from here. */
  path(path: string): string
  stop(): void
}

/** Starts one. @param folder has the units, and is /run/app there; Node.js is /run/bin/node, this repository /run/src */
export async function testSystemd(folder: string): Promise<TestSystemd> {
  const root = new URL('../..', import.meta.url).pathname
  const words = [...NAMESPACES, 'bash', '-c', SCRIPT, 'bash', folder, process.execPath, root]
  const child = spawn('unshare', words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text))
  const pid = await until('systemd', () => {
    if (child.exitCode !== null) throw new Error(`systemd: ${said}`)
    const inside = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
    return inside && readFileSync(`/proc/${inside}/comm`, 'utf8') === 'systemd\n' ? inside : undefined
  })
  const there = async (...command: string[]): Promise<string> =>
    (await run('nsenter', ['-t', pid, '-m', '-p', '-u', '-i', '-C', ...command])).stdout
  await until('its units', async () =>
    (await there('systemctl', 'is-active', 'basic.target').catch(() => '')).startsWith('active'),
  )
  return { run: there, path: (path) => `/proc/${pid}/root${path}`, stop: () => void child.kill('SIGKILL') }
}

// Sidegate, as `sidegate serve` starts it, behind a real nginx that speaks uwsgi, and behind one that speaks FastCGI.
import { spawn, spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAIN } from '../built.ts'
import { accepts, nginx, stopProcess, temporaryFolder, until, type Nginx } from '../harness.ts'

/** What nginx speaks to Sidegate. */
export const protocols = ['uwsgi', 'fastcgi'] as const

export type Protocol = (typeof protocols)[number]

/** What serves. */
export interface Stage {
  /** Where nginx listens. */
  readonly addresses: Readonly<Record<Protocol, string>>
  /** What has been logged so far. */
  log(): string
  /** Stops everything. @throws {Error} where nginx complained */
  stop(): Promise<void>
}

const START_MS = 120_000

/**
 * Starts it.
 * @param mounts as in a configuration, with full paths
 * @throws {Error} with what was logged
 */
export async function openStage(mounts: Readonly<Record<string, object>>): Promise<Stage> {
  const folder = temporaryFolder()
  const socket = join(folder.path, 'sidegate.sock')
  const config = join(folder.path, 'sidegate.config.json')
  writeFileSync(config, JSON.stringify({ listen: [`unix:${socket}`], host: 'nginx', admin: false, mounts }))
  const env = { ...process.env, NODE_ENV: 'production', PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(process.execPath, [MAIN, 'serve', '--config', config], { cwd: folder.path, env, stdio: 'pipe' })
  let log = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (piece: string) => (log += piece))
  const hosts: Nginx[] = []
  const stop = async (): Promise<void> => {
    const ended = await Promise.allSettled(hosts.map((host) => host.stop()))
    await stopProcess(child)
    folder.remove()
    for (const one of ended) if (one.status === 'rejected') throw one.reason
  }
  try {
    await until(
      'Sidegate listens',
      () => {
        if (child.exitCode !== null) throw new Error('Sidegate has ended')
        return accepts(`unix:${socket}`)
      },
      START_MS,
    )
    for (const protocol of protocols) {
      const words = [MAIN, 'plug', 'nginx', '--full', '--protocol', protocol, '--config', config]
      const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8' })
      if (status !== 0) throw new Error(stderr)
      hosts.push(await nginx({ config: stdout }))
    }
  } catch (error) {
    await stop()
    throw new Error(`${(error as Error).message}\n${log.slice(-6000)}`, { cause: error })
  }
  const [uwsgi, fastcgi] = hosts.map(({ address }) => address)
  return { addresses: { uwsgi: uwsgi!, fastcgi: fastcgi! }, log: () => log, stop }
}

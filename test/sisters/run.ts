// One server of a family, behind Sidegate behind a real nginx.
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { install, prepare, versionOf } from '../apps/install.ts'
import type { Packages } from '../apps/app.ts'
import { look, type Outcome } from '../frameworks/look.ts'
import { prefixes } from '../frameworks/mounted.ts'
import type { Prefix } from '../frameworks/framework.ts'
import { openStage, protocols, type Protocol } from '../frameworks/stage.ts'
import { freePort, stopProcess } from '../harness.ts'
import { checks } from './checks.ts'
import { PORT, type Family, type Server } from './family.ts'
import { start } from './start.ts'

const FOLDERS = join(import.meta.dirname, '../../run/sisters')
const HOST = 'sisters.example'

/** What was seen of a server. */
export interface Seen {
  readonly server: Server
  readonly version: string
  /** By protocol and prefix. */
  readonly outcomes: readonly (Outcome & { readonly protocol: Protocol; readonly prefix: Prefix })[]
}

/** Installs what a family needs; gives its folder. @throws {Error} with what was said */
export function ready({ name, packages, prepare: commands = [] }: Family): string {
  const folder = join(FOLDERS, name)
  mkdirSync(folder, { recursive: true })
  install(packages, folder)
  cpSync(join(import.meta.dirname, name), folder, { recursive: true })
  prepare(commands, {}, folder)
  return folder
}

/** Starts a server, and looks at it. @throws {Error} where it does not come so far */
export async function run(server: Server, packages: Packages, folder: string): Promise<Seen> {
  const port = await freePort()
  const words = server.command?.replaceAll(String(PORT), String(port)).split(' ')
  const beside = words && (await start(words, port, folder))
  try {
    const mounts = prefixes.map((prefix) => [HOST + prefix, settings(server.mount(prefix), port, folder)])
    const stage = await openStage(Object.fromEntries(mounts) as Record<string, object>)
    const log = (): string => stage.log() + (beside?.said() ?? '')
    const outcomes: Seen['outcomes'][number][] = []
    try {
      for (const protocol of protocols) {
        for (const prefix of prefixes) {
          const address = stage.addresses[protocol]
          const host = `${HOST}:${address.split(':')[1]}`
          const every = [...checks, ...(server.checks ?? [])]
          const differs = server.differs ?? []
          for (const one of await look({ checks: every, differs }, { address, host, protocol, prefix, log }))
            outcomes.push({ ...one, protocol, prefix })
        }
      }
    } finally {
      await stage.stop()
      if (process.env.SISTERS_LOG) console.error(log())
    }
    const version = versionOf('pip' in packages ? { pip: [server.package] } : { debian: [server.package] }, folder)
    return { server, version, outcomes }
  } finally {
    if (beside) await stopProcess(beside.child)
  }
}

/** The mount with the port and in the folder of this run. */
function settings(mount: Readonly<Record<string, unknown>>, port: number, folder: string): object {
  const moved = JSON.parse(JSON.stringify(mount).replaceAll(`:${PORT}`, `:${port}`)) as Record<string, unknown>
  return 'run' in moved ? { ...moved, cwd: folder } : moved
}

// One framework from its registry, in a folder of its own below run/frameworks, behind Sidegate behind a real nginx.
import { cpSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { install, prepare, versionOf } from '../apps/install.ts'
import type { Framework, Place } from './framework.ts'
import { look, type Outcome } from './look.ts'
import { hostOf, mountsOf, prefixes } from './mounted.ts'
import { openStage, protocols, type Protocol } from './stage.ts'

const FOLDERS = join(import.meta.dirname, '../../run/frameworks')

/** The Python of such a folder. */
export const OWN: Omit<Place, 'prefix'> = {
  environment: { venv: '.venv' },
  program: (name) => `.venv/bin/${name}`,
}

/** What was seen of a framework. */
export interface Seen {
  readonly framework: Framework
  readonly version: string
  /** By protocol and prefix. */
  readonly outcomes: readonly (Outcome & { readonly protocol: Protocol; readonly prefix: string })[]
  /** Seconds for the installation and for the rest. */
  readonly seconds: { readonly install: number; readonly rest: number }
}

/** Installs it, serves it and looks at it. @throws {Error} where it does not come so far */
export async function run(framework: Framework): Promise<Seen> {
  const { name, packages } = framework
  const folder = join(FOLDERS, name)
  mkdirSync(folder, { recursive: true })
  const began = performance.now()
  install(packages, folder)
  const source = join(import.meta.dirname, name)
  cpSync(source, folder, { recursive: true, filter: (from) => !from.endsWith('framework.ts') })
  prepare(framework.prepare ?? [], {}, folder)
  const installed = performance.now()
  const stage = await openStage(mountsOf(framework, folder, OWN))
  const outcomes: Seen['outcomes'][number][] = []
  try {
    for (const protocol of protocols) {
      for (const prefix of prefixes) {
        const address = stage.addresses[protocol]
        const host = `${hostOf(framework)}:${address.split(':')[1]}`
        for (const one of await look(framework, { address, host, protocol, prefix, log: stage.log }))
          outcomes.push({ ...one, protocol, prefix })
      }
    }
  } finally {
    await stage.stop()
    if (process.env.FRAMEWORKS_LOG) console.error(stage.log())
  }
  const seconds = { install: (installed - began) / 1000, rest: (performance.now() - installed) / 1000 }
  return { framework, version: versionOf(packages, folder), outcomes, seconds }
}

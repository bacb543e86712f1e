// Writes the files under configs/ anew: `node test/write-configs.ts`. A test fails when they are stale.
import { mkdirSync, writeFileSync } from 'node:fs'
import { example, filesOf } from '../plugin/example.ts'
import type { Host } from '../plugin/host.ts'
import { hosts } from '../plugin/index.ts'

for (const host of hosts as readonly Host[]) {
  const folder = new URL(`../configs/${host.name}/`, import.meta.url)
  mkdirSync(folder, { recursive: true })
  for (const [name, options] of Object.entries(filesOf(host))) {
    writeFileSync(new URL(name, folder), host.render(host.example ?? example, options))
  }
}

// Opens mounts of the targets named on standard input in a plain Node.js, as vitest has a loader of its own, and prints what each answers.
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { kindOfModule } from '../../sidecar/cli/module-kind.ts'
import { fetch } from '../../sidecar/mounts/fetch.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { node } from '../../sidecar/mounts/node.ts'
import { openMount } from '../mount.ts'

const { directory, targets } = JSON.parse(await text(process.stdin)) as { directory: string; targets: string[] }
const answers: Record<string, string> = {}
for (const target of targets) {
  // A bare function may be anything: whoever mounts it says what it is.
  const { kind } = await kindOfModule(target, directory, kinds).catch(() => ({ kind: 'node' }))
  const open = await openMount(kind === 'fetch' ? fetch : node, { [kind]: target }, pathToFileURL(directory))
  const { body } = await open.request().response
  answers[target] = `${kind}: ${body.toString()}`
  await open.mount.close()
}
process.stdout.write(JSON.stringify(answers))

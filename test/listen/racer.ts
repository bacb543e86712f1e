// A process that starts a gateway on a Unix socket as soon as it is told to, for tests of starts that race: a line on stdin is the path, the answer
// on stdout is `bound` or the code of the error; an empty line closes it.
import { createInterface } from 'node:readline'
import * as v from 'valibot'
import { Gateway } from '../../sidecar/gateway.ts'
import { listenerSettings } from '../../sidecar/listen/settings.ts'
import { Log } from '../../sidecar/log.ts'

const log = new Log('text', process.stderr, process.stderr, false)
let gateway: Gateway | undefined
for await (const path of createInterface({ input: process.stdin })) {
  if (path === '') {
    await gateway?.close()
    gateway = undefined
    process.stdout.write('closed\n')
    continue
  }
  const one = new Gateway({ listen: [v.parse(listenerSettings, { address: `unix:${path}` })], mounts: [], log })
  try {
    await one.start()
    gateway = one
    process.stdout.write('bound\n')
  } catch (error) {
    process.stdout.write(`${(error as { code?: string }).code ?? String(error)}\n`)
  }
}

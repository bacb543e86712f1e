// A files mount in a process that has few file descriptors: answers before they run out, while they have, and after; prints them.
import { closeSync, openSync } from 'node:fs'
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { files } from '../../sidecar/mounts/files.ts'
import { makeExchange } from '../exchange.ts'

const mount = files.create(v.parse(files.settings, { files: process.argv[2]! }), {
  key: '/',
  path: 'mounts./',
  directory: '/',
  log: new Log('text'),
})
await mount.open()
const errors: unknown[] = []
async function ask(path: string): Promise<number> {
  const made = makeExchange({ path })
  await Promise.resolve(mount.handle(made.exchange)).catch((error: unknown) => made.exchange.fail(error))
  errors.push(...made.errors.map(({ code, blame }) => [code, blame]))
  return (await made.response).status
}
const both = async (): Promise<number[]> => [await ask('/a.txt'), await ask('/missing.txt')]

const before = await both()
const taken: number[] = []
try {
  for (;;) taken.push(openSync('/dev/null', 'r'))
} catch {
  // None is left.
}
const short = await both()
taken.forEach((descriptor) => closeSync(descriptor))
console.log(JSON.stringify({ before, short, errors, after: await both() }))

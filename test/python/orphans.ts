// A gateway to be killed: starts two workers, keeps one of them busy, prints their process ids.
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { python } from '../../sidecar/mounts/python/mount.ts'
import { makeExchange } from '../exchange.ts'

const [directory, interpreter] = process.argv.slice(2) as [string, string]
const settings = v.parse(python.settings, { python: 'spec', processes: 2, interpreter, stopTimeout: 1 })
const mount = python.create(settings, { key: '/', path: 'mounts./', directory, log: new Log('text') })
await mount.open()
const first = makeExchange({ path: '/pid' })
await mount.handle(first.exchange)
const pids = [(await first.response).body.toString()]
const busy = makeExchange({ path: '/hang' })
await mount.handle(busy.exchange)
await busy.carrier.until(({ chunks }) => chunks.length > 0)
const second = makeExchange({ path: '/pid' })
await mount.handle(second.exchange)
pids.push((await second.response).body.toString())
console.log(pids.join(' '))

// A gateway to be killed: runs a script that only computes and takes no notice of SIGTERM, prints its process ids.
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { cgi } from '../../sidecar/mounts/cgi/mount.ts'
import { makeExchange } from '../exchange.ts'

const settings = v.parse(cgi.settings, { cgi: process.argv[2]!, stopTimeout: 1 })
const mount = cgi.create(settings, { key: '/', path: 'mounts./', directory: '/', log: new Log('text', process.stderr) })
await mount.open()
// One that is over before is nothing to end any more.
const over = makeExchange({ path: '/background' })
await mount.handle(over.exchange)
const background = (await over.response).body.toString()
const { exchange, carrier } = makeExchange({ path: '/spins' })
await mount.handle(exchange)
await carrier.until(({ bytes }) => bytes.includes(10))
console.log(`${carrier.bytes.toString().trim()} ${background}`)

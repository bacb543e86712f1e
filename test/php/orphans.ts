// A gateway to be killed: has PHP run, and prints its process ids and the folder of its socket.
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { php } from '../../sidecar/mounts/php/mount.ts'
import { readFileSync } from 'node:fs'
import { makeExchange } from '../exchange.ts'

const [, , directory = '/', program] = process.argv
const settings = v.parse(php.settings, { php: 'site', program, stopTimeout: 1 })
const mount = php.create(settings, { key: '/', path: 'mounts./', directory, log: new Log('text', process.stderr) })
await mount.open()
const { exchange, response } = makeExchange({ path: '/info.php' })
await mount.handle(exchange)
const { pid } = JSON.parse((await response).body.toString()) as { pid: number }
const [master] = mount.status!().pids!
// php-fpm has written its own words there.
const [folder] = /\/\S*sidegate-[^/]+/.exec(readFileSync(`/proc/${master}/cmdline`, 'utf8').replaceAll('\0', ' '))!
console.log(`${master} ${pid} ${folder}`)

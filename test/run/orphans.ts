// A gateway to be killed: runs a command, prints what the command says of itself.
import * as v from 'valibot'
import { Log } from '../../sidecar/log.ts'
import { run } from '../../sidecar/mounts/run/mount.ts'
import { makeExchange } from '../exchange.ts'
import { apps } from './programs.ts'

const settings = v.parse(run.settings, {
  run: [process.execPath, 'server.mjs', '$SOCKET'],
  speaks: 'http',
  stopTimeout: 1,
})
const mount = run.create(settings, {
  key: '/',
  path: 'mounts./',
  directory: apps,
  log: new Log('text', process.stderr),
})
await mount.open()
const { exchange, response } = makeExchange({ path: '/' })
await mount.handle(exchange)
console.log((await response).body.toString())

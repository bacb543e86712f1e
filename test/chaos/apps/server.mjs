// The same as a server of its own, for a command and for an upstream: the port is its argument.
import { createServer } from 'node:http'
import { handler, upgrade } from './node.mjs'

createServer(handler).on('upgrade', upgrade).listen(Number(process.argv[2]), '127.0.0.1')

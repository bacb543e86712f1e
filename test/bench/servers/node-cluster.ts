// A Node handler in processes of node:cluster, which share one port: how a Node.js app uses several processors without anything else. argv: the
// port, and how many.
import cluster from 'node:cluster'
import { createServer } from 'node:http'
import hello from '../apps/hello-node.ts'

if (cluster.isPrimary) {
  for (let count = 0; count < Number(process.argv[3]); count++) cluster.fork()
  process.on('SIGTERM', () => process.exit(0))
} else createServer(hello).listen(Number(process.argv[2]), '127.0.0.1')

// The mount `node`: an unmodified Node (req, res) handler, such as an app of Express, Koa, Connect or Fastify.
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { nodeHere } from './javascript/node.ts'
import { workerEntries } from './javascript/settings.ts'
import { placed } from './javascript/workers.ts'
import { LOAD_TIMEOUT } from './load.ts'
import type { MountKind } from './mount.ts'
import { prefixEntry } from './prefix-setting.ts'
import { nodeExports } from './node-exports.ts'

const settings = v.strictObject({
  node: v.pipe(
    v.string(),
    v.description(
      'The module of the handler, with #name for one of its exports (else: default, app, application, handler, server): a function ' +
        '(req, res), an http.Server, or a Fastify instance. For Koa export app.callback(). WebSockets: an http.Server with a listener ' +
        'for upgrade, or beside the handler an export named upgrade, a function (req, socket, head).',
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
  ...prefixEntry('`req.url` is the whole path.'),
  ...workerEntries,
})

export const node: MountKind<typeof settings> = {
  kind: 'node',
  summary: 'A Node (req, res) handler: Express, Koa, Fastify, Connect, or your own.',
  settings,
  loads: true,
  exports: nodeExports,
  create: (settings, context) => placed('node', settings, context, nodeHere),
}

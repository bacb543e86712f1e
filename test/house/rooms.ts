// The rooms of the house, from the top floor down.
import type { Room } from './plan.ts'

const REQUEST = ['exchange', 'wire', 'ground']

export const rooms: readonly Room[] = [
  {
    name: 'main',
    files: ['sidecar/main.ts'],
    sentence: 'Reads argv and runs one command; the only file that ends the process.',
    uses: ['cli', 'ground'],
  },
  {
    name: 'package',
    files: ['sidecar/index.ts'],
    sentence: 'What `import … from "sidegate"` gives.',
    uses: ['interface', 'config', 'ground'],
  },
  {
    name: 'cli',
    files: ['sidecar/cli/'],
    sentence: 'The commands, one file each.',
    uses: ['gateway', 'config', 'mounts', 'routes', 'listen', 'plugin', 'suite', ...REQUEST],
  },
  {
    name: 'gateway',
    files: ['sidecar/gateway.ts'],
    sentence: 'Joins listeners, router and mounts: starts, drains and closes them.',
    uses: ['listen', 'routes', 'plugin', 'exchange', 'ground'],
  },
  {
    name: 'config',
    files: ['sidecar/config/'],
    sentence: 'Joins the settings of every part into one schema; reads and checks config files.',
    uses: ['mounts', 'listen', 'routes', 'plugin', 'ground'],
  },
  {
    name: 'mounts',
    files: ['sidecar/mounts/'],
    sentence: 'The kinds of apps, one file or folder each.',
    uses: ['cgi', 'files', 'routes', 'handlers', 'interface', 'workers', 'processes', 'connect', 'exchange', 'ground'],
  },
  {
    name: 'cgi',
    files: ['sidecar/mounts/cgi/'],
    sentence: 'CGI scripts: the only kind of mount that reads what an app writes by itself.',
    uses: ['files', 'routes', 'processes', ...REQUEST],
  },
  {
    name: 'files',
    files: ['sidecar/mounts/files.ts', 'sidecar/mounts/files/'],
    sentence: 'Static files.',
    uses: ['routes', 'exchange', 'ground'],
  },
  {
    name: 'workers',
    files: ['sidecar/workers/'],
    sentence: 'Gives requests to worker processes.',
    uses: ['processes', ...REQUEST],
  },
  {
    name: 'processes',
    files: ['sidecar/processes/'],
    sentence: 'Starts, watches and ends processes of any kind.',
    uses: ['ground'],
  },
  {
    name: 'interface',
    files: ['sidecar/interface/'],
    sentence: 'The WSGI interface for TypeScript: types, checker, adapters.',
    uses: ['handlers', ...REQUEST],
  },
  {
    name: 'handlers',
    files: ['sidecar/handlers/'],
    sentence: 'Calls Node and Fetch handlers with a request.',
    uses: ['exchange', 'ground'],
  },
  {
    name: 'listen',
    files: ['sidecar/listen/'],
    sentence: 'The way in: binds addresses, drives the server codecs, makes exchanges.',
    uses: REQUEST,
  },
  {
    name: 'connect',
    files: ['sidecar/connect/'],
    sentence: 'The way out: keeps connections, drives the client codecs, passes responses on.',
    uses: ['handlers', ...REQUEST],
  },
  {
    name: 'plugin',
    files: ['plugin/'],
    sentence: 'All that is known of one web server: how it repairs requests, its config files, how to check them.',
    uses: ['wire', 'ground'],
  },
  {
    name: 'routes',
    files: [
      'sidecar/router.ts',
      'sidecar/redispatch.ts',
      'sidecar/mounted.ts',
      'sidecar/mounts/mount.ts',
      'sidecar/mounts/script-places.ts',
      'sidecar/mounts/bare-target.ts',
    ],
    sentence: 'What a mount is; finds that of a request, and counts what it has in hand.',
    uses: REQUEST,
  },
  {
    name: 'exchange',
    files: [
      'sidecar/exchange.ts',
      'sidecar/carrier.ts',
      'sidecar/request.ts',
      'sidecar/upgrade.ts',
      'sidecar/left-out.ts',
      'sidecar/take-body.ts',
      'sidecar/queue.ts',
    ],
    sentence: 'One request and its response in flight.',
    uses: ['wire', 'ground'],
  },
  {
    name: 'wire',
    files: ['sidecar/wire/'],
    sentence: 'The codecs of every protocol, both roles; bytes in, events out.',
    uses: ['ground'],
  },
  {
    name: 'suite',
    files: ['test/conformance/'],
    sentence: 'The conformance suite, which is shipped; the command loads it.',
    uses: [],
  },
  {
    name: 'ground',
    files: ['sidecar/'],
    sentence: 'What stands alone: variables, errors, bodies, the log.',
    uses: ['wire'],
  },
]

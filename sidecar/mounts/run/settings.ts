// The settings of a run mount.
import * as v from 'valibot'
import { environmentSetting } from '../../processes/environment-setting.ts'
import { identityEntries } from '../../processes/identity.ts'
import { CONNECTIONS_MAX, count, openSeconds, seconds } from '../../quantity.ts'
import { protocolNames } from '../../address.ts'
import { backendEntries } from '../../connect/settings.ts'
import { recycleEntry } from '../recycle-settings.ts'
import { scriptEntries } from '../script-settings.ts'

// It runs on this machine, where the folder has one path.
const scripts = v.omit(v.strictObject(scriptEntries), ['scriptRoot']).entries
const backend = v.omit(v.strictObject(backendEntries), [
  'keepAlive',
  'connections',
  'ca',
  'serverName',
  'verify',
]).entries

/** The settings of a run mount. */
export const runSettings = v.strictObject({
  run: v.pipe(
    v.union([v.pipe(v.string(), v.nonEmpty()), v.pipe(v.array(v.string()), v.minLength(1))]),
    v.description(
      'The command that serves the app, in the foreground: words as a shell quotes them (on Windows as in [windows.md](windows.md#commands)), or a list of words; no shell runs it. Sidegate puts a Unix socket (on Windows a named pipe) in the place of $SOCKET, or a free port on 127.0.0.1 in that of $PORT.',
    ),
  ),
  speaks: v.pipe(v.picklist(protocolNames), v.description('The protocol that the command speaks there.')),
  cwd: v.pipe(v.optional(v.string()), v.description('The working directory of the command.')),
  env: v.pipe(
    v.optional(environmentSetting, {}),
    v.description('Environment variables of the command, over those of the gateway. SOCKET or PORT comes by itself.'),
  ),
  ...identityEntries,
  socketUser: v.pipe(
    v.optional(
      v.union([
        v.pipe(v.string(), v.minLength(1)),
        v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(2 ** 32 - 2)),
      ]),
    ),
    v.description(
      'The user that a command which is started as root changes to by itself before it listens: the folder of $SOCKET is theirs then. Default: the user as which it is started.',
    ),
  ),
  connections: count(1, 64, 'Requests that the command gets at the same time; more wait.', CONNECTIONS_MAX),
  keepAlive: openSeconds(
    'Seconds a connection without a request is kept. Default: 4 for HTTP, else 0: many FastCGI programs serve one connection at a time, and one that is kept would keep all others out.',
  ),
  queue: count(
    0,
    100,
    'Requests that may wait for the command: while it starts, or has all its connections in use; more get 503.',
  ),
  queueTimeout: seconds(30, 'Seconds a request may wait so; then it gets 503.'),
  startTimeout: seconds(60, 'Seconds until the command must accept a connection.'),
  stopTimeout: seconds(30, 'Seconds from SIGTERM to SIGKILL, for the command and everything that it started.'),
  recycle: recycleEntry('the command is replaced by a fresh one, once that one is ready'),
  ...backend,
  ...scripts,
})

/** The settings of a run mount, defaults filled in. */
export type RunSettings = v.InferOutput<typeof runSettings>

// The settings of a PHP mount.
import * as v from 'valibot'
import { backendEntries } from '../../connect/settings.ts'
import { environmentSetting } from '../../processes/environment-setting.ts'
import { identityEntries } from '../../processes/identity.ts'
import { count, openSeconds, seconds, WORKERS_MAX } from '../../quantity.ts'
import { recycleEntry } from '../recycle-settings.ts'
import { scriptEntries } from '../script-settings.ts'
import { apps } from './apps.ts'

const { split, closed, uploads, maxAge, followSymlinks } = scriptEntries
const { firstByteTimeout, idleTimeout, maxSpool, spoolMemory, streamBodies, allowVariables } = backendEntries
const appNames = ['none', ...apps.map(({ name }) => name)]

/** PHP has whole numbers of 64 bits, and JavaScript those that it counts exactly. */
const number = v.pipe(v.number(), v.minValue(-Number.MAX_SAFE_INTEGER), v.maxValue(Number.MAX_SAFE_INTEGER))
const value = v.union([v.pipe(v.string(), v.regex(/^\P{Cc}*$/u, 'must be one line')), number, v.boolean()])

const iniSchema = v.optional(
  v.record(v.pipe(v.string(), v.regex(/^[A-Za-z_][\w.]*$/, 'must be the name of a setting of PHP')), value),
  {},
)

/** How many processes there are: always, or at least and at most. */
const processesSchema = v.union([
  v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(WORKERS_MAX)),
  v.pipe(
    v.strictObject({
      min: count(0, 0, 'As many wait for requests when there is nothing to do.', WORKERS_MAX),
      max: count(1, 8, 'No more than so many.', WORKERS_MAX),
      idle: openSeconds(
        'With min 0: seconds without a request after which a process ends. Default: 10. With more PHP ends one a second.',
      ),
    }),
    v.check(({ min, max }) => min <= max, 'has a min that is more than its max'),
    v.check(({ min, idle }) => min === 0 || idle === undefined, 'has an idle, which is for a min of 0 alone'),
  ),
])

/** The settings of a PHP mount. */
export const phpSettings = v.strictObject({
  php: v.pipe(
    v.string(),
    v.nonEmpty('must name a folder'),
    v.description('The folder of scripts and static files: of a project with a public folder, that one.'),
  ),
  program: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty())),
    v.description(
      'The php-fpm or php-cgi that runs the scripts. Default: the php-fpm that is there, of several the newest, else php-cgi.',
    ),
  ),
  app: v.pipe(
    v.optional(v.picklist(appNames)),
    v.description(
      'Which app it is, for what is closed, where uploads are and what answers where no file is ([php.md](php.md#apps-that-are-known)). Default: found out by its files.',
    ),
  ),
  frontController: v.pipe(
    v.optional(v.union([v.pipe(v.string(), v.startsWith('/')), v.literal(false)])),
    v.description(
      'The script, such as "/index.php", that runs where there is no file; false: none. Default: that of the app, or as the .htaccess of the folder has it.',
    ),
  ),
  index: v.pipe(
    v.optional(v.array(v.string()), ['index.php', 'index.html']),
    v.description('What is served for a folder: the first of these that is there.'),
  ),
  split,
  static: v.pipe(
    v.optional(v.boolean(), true),
    v.description(
      'The other files of the folder are served too, but no source, settings, dumps and hidden files ([php.md](php.md#static-files)).',
    ),
  ),
  maxAge,
  closed,
  uploads,
  followSymlinks,
  ini: v.pipe(
    iniSchema,
    v.description(
      'Settings of PHP as in php.ini, and over it, such as { memory_limit: "256M", upload_max_filesize: "64M" }. A .user.ini may change those that PHP lets it.',
    ),
  ),
  adminIni: v.pipe(
    iniSchema,
    v.description(
      'php-fpm: the same for settings that no script and no .user.ini changes, such as { open_basedir: "/srv/blog", disable_functions: "exec" }.',
    ),
  ),
  processes: v.pipe(
    v.optional(processesSchema, 5),
    v.description(
      'Processes of PHP, which is how many requests run at the same time: a number, or { min, max, idle }, where php-fpm starts more as they are needed: one after the other, so that a burst waits. php-cgi has all of them always.',
    ),
  ),
  maxRequests: count(0, 1000, 'Requests after which a process of PHP is replaced; 0: never.'),
  requestTimeout: openSeconds(
    'php-fpm: seconds a script may take in all; then its process is ended, and the client gets 502. Default: no limit but max_execution_time of PHP.',
  ),
  slowLog: v.pipe(
    v.optional(
      v.strictObject({
        after: seconds(5, 'Seconds that a script may take, in whole ones.'),
        file: v.pipe(
          v.string(),
          v.nonEmpty('must name a file'),
          v.description('Where its stack is written. The user as whom PHP runs has to be able to write it.'),
        ),
      }),
    ),
    v.description(
      'php-fpm: a file for what scripts that take long are doing: { after, file }. Default: none. It needs the right to trace processes, which containers often lack.',
    ),
  ),
  env: v.pipe(
    v.optional(environmentSetting, {}),
    v.description('Environment variables of the scripts, over those of the gateway.'),
  ),
  ...identityEntries,
  process: v.pipe(
    identityEntries.process,
    v.description(
      'As whom PHP runs, and what the system lets it have. On Linux. PHP never runs as root: where the gateway does, the user is www-data unless this says another.',
    ),
  ),
  serverSoftware: v.pipe(
    v.optional(v.pipe(v.string(), v.nonEmpty()), 'nginx (Sidegate)'),
    v.description(
      'SERVER_SOFTWARE of the scripts. Apps take from it whether .htaccess files count, which they do not here, and whether paths without index.php/ work, which they do.',
    ),
  ),
  queue: count(0, 100, 'Requests that may wait for a process; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait so; then it gets 503.'),
  startTimeout: seconds(60, 'Seconds until PHP must accept a connection.'),
  stopTimeout: seconds(30, 'Seconds that PHP gets for what it has in hand before it is killed.'),
  recycle: recycleEntry('PHP is replaced by a fresh one, once that one is ready'),
  firstByteTimeout,
  idleTimeout,
  maxSpool,
  spoolMemory,
  streamBodies,
  allowVariables,
})

/** The settings of a PHP mount, defaults filled in. */
export type PhpSettings = v.InferOutput<typeof phpSettings>

/** The most processes there are. */
export function mostProcesses({ processes }: Pick<PhpSettings, 'processes'>): number {
  return typeof processes === 'number' ? processes : processes.max
}

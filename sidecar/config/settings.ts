// The settings of the gateway as a whole; those of listeners and mounts stand beside the parts that use them.
import * as v from 'valibot'
import { hosts } from '../../plugin/index.ts'
import { count, seconds } from '../quantity.ts'

/** More than the cores of any machine that this is for. */
const PROCESSES_MAX = 256

/** `log` in the configuration. */
const logSettings = v.strictObject({
  format: v.pipe(
    v.optional(v.picklist(['text', 'json', 'combined']), 'text'),
    v.description(
      'How records are written: lines for people; one JSON object a line; or those of requests in the combined format of Apache and nginx, and all else as lines for people.',
    ),
  ),
  level: v.pipe(
    v.optional(v.picklist(['info', 'warn', 'error']), 'info'),
    v.description('From which level on there are records other than those of requests.'),
  ),
  access: v.pipe(v.optional(v.boolean(), true), v.description('One record a request on standard output.')),
  file: v.pipe(
    v.optional(v.pipe(v.string(), v.minLength(1))),
    v.description(
      'A file for all records, and what apps print, in place of standard output and standard error. With 10 MiB it gets a name with the time in it and another is begun; five such are kept.',
    ),
  ),
})

/** What stands at the top of a configuration beside `listen` and `mounts`. */
export const gatewaySettings = v.strictObject({
  host: v.pipe(
    v.optional(v.picklist(hosts.map(({ name }) => name)), 'nginx'),
    v.description('The web server in front, whose ways with SCRIPT_NAME and PATH_INFO are put right.'),
  ),
  log: v.pipe(v.optional(logSettings, {}), v.description('What is logged, and how.')),
  admin: v.pipe(
    v.optional(
      v.union([
        v.literal(false),
        v.pipe(v.string(), v.regex(/^(?:unix|pipe):./, 'is unix:PATH, on Windows pipe:NAME, or false')),
      ]),
    ),
    v.description(
      'Where `status`, `reload` and the like ask ([admin.md](admin.md)): `unix:PATH`, on Windows `pipe:NAME`; only this user may open it. `false`: nowhere. By default a socket of this user in `$XDG_RUNTIME_DIR/sidegate`, `/run/sidegate` or `/tmp`.',
    ),
  ),
  processes: count(
    1,
    1,
    'Gateway processes, on the same addresses, below a supervisor. The worker processes of mounts are divided among them.',
    PROCESSES_MAX,
  ),
  drainTimeout: seconds(
    30,
    'Seconds that requests under way get to finish after a signal to stop before they are cut.',
  ),
  shutdownDelay: seconds(
    0,
    'Seconds that it serves on after a signal to stop, while `readiness` says 503: as long as it takes until nobody sends anything here any more.',
  ),
  readiness: v.pipe(
    v.optional(v.pipe(v.string(), v.regex(/^\/[^?#%]*$/, 'a path, such as /ready'))),
    v.description('A path that Sidegate itself answers: 200 while it serves, 503 once it is to stop.'),
  ),
  reloadOnTouch: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.minLength(1))), []),
    v.description('Files; when the time of one changes (`touch`), all is reloaded, as by SIGHUP. Below a supervisor.'),
  ),
})

/** The address that is used when the configuration has no `listen`. */
export const DEFAULT_LISTEN = '127.0.0.1:8000'

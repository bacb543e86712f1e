// The settings of the gateway as a whole; those of listeners and mounts stand beside the parts that use them.
import * as v from 'valibot'
import { hosts } from '../../plugin/index.ts'
import { seconds } from '../quantity.ts'

/** `log` in the configuration. */
const logSettings = v.strictObject({
  format: v.pipe(
    v.optional(v.picklist(['text', 'json']), 'text'),
    v.description('How records are written: lines for people, or one JSON object a line.'),
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
  drainTimeout: seconds(
    30,
    'Seconds that requests under way get to finish after a signal to stop before they are cut.',
  ),
})

/** The address that is used when the configuration has no `listen`. */
export const DEFAULT_LISTEN = '127.0.0.1:8000'

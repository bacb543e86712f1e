// The settings of a CGI mount.
import * as v from 'valibot'
import { environmentSetting } from '../../processes/environment-setting.ts'
import { identityEntries } from '../../processes/identity.ts'
import { count, seconds, WORKERS_MAX } from '../../quantity.ts'
import { bodyEntries } from '../../take-body.ts'

/** The settings of a CGI mount. */
export const cgiSettings = v.strictObject({
  cgi: v.pipe(
    v.string(),
    v.nonEmpty('must name a folder of scripts, or one script'),
    v.description('A folder of CGI scripts, or one script that answers everything below the mount.'),
  ),
  interpreters: v.pipe(
    v.optional(
      v.record(v.pipe(v.string(), v.regex(/^\.[^./\\]+$/, 'must be an extension such as ".pl"')), v.string()),
      {},
    ),
    v.description(
      'Programs by extension, such as {".pl": "perl", ".php": "php-cgi"}: such scripts need not be executable. Words as in `run`.',
    ),
  ),
  index: v.pipe(
    v.optional(v.array(v.pipe(v.string(), v.regex(/^[^./\\][^/\\]*$/, 'must be the name of a script'))), []),
    v.description(
      'Scripts that answer for a folder, such as ["index.cgi"]: the first that is there. Default: none, and a folder is 404.',
    ),
  ),
  followSymlinks: v.pipe(
    v.optional(v.boolean(), false),
    v.description('Follows symbolic links that lead out of the folder. Links inside it always work.'),
  ),
  env: v.pipe(
    v.optional(environmentSetting, {}),
    v.description("Environment variables of the scripts. Of the gateway's own environment they get nothing."),
  ),
  process: identityEntries.process,
  documentRoot: v.pipe(
    v.optional(v.string()),
    v.description('DOCUMENT_ROOT of the scripts, and where PATH_TRANSLATED starts. Default: both are left out.'),
  ),
  authorization: v.pipe(
    v.optional(v.boolean(), false),
    v.description(
      'Whether scripts get HTTP_AUTHORIZATION. The environment of a process may be readable for others (RFC 3875 9.2), so not by default.',
    ),
  ),
  processes: count(1, 16, 'Scripts that run at the same time.', WORKERS_MAX),
  queue: count(0, 100, 'Requests that may wait for their script to be started; more get 503.'),
  queueTimeout: seconds(30, 'Seconds a request may wait for its script to be started; then it gets 503.'),
  ...bodyEntries,
  timeout: seconds(
    60,
    'Seconds a script may neither write nor take anything: 504, or a cut response, and the script is stopped.',
    0.001,
  ),
  stopTimeout: seconds(5, 'Seconds from SIGTERM to SIGKILL for a script that is stopped, and for what it started.'),
})

/** The settings of a CGI mount, defaults filled in. */
export type CgiSettings = v.InferOutput<typeof cgiSettings>

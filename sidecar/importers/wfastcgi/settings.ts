// What wfastcgi and IIS's FastCGI module are told, and what becomes of it here. docs/migrate-wfastcgi.md has these tables.
import type { SiteDraft } from './site.ts'

/** What becomes of a setting. */
export type Fate =
  | { readonly to: readonly (string | number)[]; readonly note?: string | undefined }
  | { readonly to?: readonly (string | number)[]; readonly changed: string }
  | { readonly left: string }

/** One of them. */
export interface WfastcgiSetting {
  readonly name: string
  /** What stands in its place, in Markdown: settings of a `python` mount where nothing else is said. */
  readonly here: string
  /** What is different, or why there is nothing like it. */
  readonly note: string
  take(value: string, site: SiteDraft): Fate
}

function left(name: string, why: string): WfastcgiSetting {
  return { name, here: 'none', note: why, take: () => ({ left: why }) }
}

/** A whole number above 0 of the mount. */
function numeric(name: string, at: readonly string[], note: string, zero: string): WfastcgiSetting {
  return {
    name,
    here: `\`${at.join('.')}\``,
    note,
    take(value, site) {
      const count = Number(value)
      if (!/^\d+$/.test(value)) return { left: `${value} is no number` }
      if (count === 0) return { changed: zero }
      return { to: site.put(at, count) }
    },
  }
}

const OF_IIS = 'it is of the pipe between IIS and the handler: `sidegate plug iis --part applicationHost.config` has it'

/** `<add key="…" value="…"/>` of `<appSettings>`, and `<environmentVariable>` of the FastCGI application. All others are environment variables. */
export const appSettings: readonly WfastcgiSetting[] = [
  {
    name: 'WSGI_HANDLER',
    here: '`python`',
    note: 'a colon before the name: `shop.wsgi.application` is `shop.wsgi:application`, `shop.make()` is `shop:make()`',
    take: handler,
  },
  {
    name: 'WSGI_ALT_VIRTUALENV_HANDLER',
    here: '`python`',
    note: 'in place of a WSGI_HANDLER of ptvs_virtualenv_proxy',
    take: (value, site) => ({ to: site.app(value, true) }),
  },
  {
    name: 'WSGI_ALT_VIRTUALENV_ACTIVATE_THIS',
    here: '`venv`',
    note: 'the folder of the virtual environment: two above the file that is named',
    take: (value, site) => ({ to: site.put(['venv'], site.parent(site.parent(site.path(value)))) }),
  },
  {
    name: 'PYTHONPATH',
    here: '`path`',
    note: '`%NAME%` is what the variable is at the time of the import',
    take(value, site) {
      const { text, missing } = site.filled(value)
      if (missing !== undefined) return { left: `%${missing}% is not set here: write the folders into \`path\`` }
      const folders = text.split(';').filter((one) => one.trim() !== '')
      const to = site.put(
        ['path'],
        folders.map((one) => site.path(one.trim())),
      )
      return text === value ? { to } : { to, changed: '%NAME% is filled in as it is now' }
    },
  },
  {
    name: 'WSGI_LOG',
    here: '`log.file` of the gateway',
    note: 'all that the gateway and the apps say; five files of 10 MiB',
    take(value, site) {
      site.gateway.log = { file: site.path(value) }
      return { to: ['log', 'file'], note: 'with all that the gateway and its apps say' }
    },
  },
  {
    name: 'WSGI_RESTART_FILE_REGEX',
    here: '`recycle.touch`',
    note: 'workers are replaced when web.config is changed, and by `sidegate reload`; other files are watched by `sidegate dev` alone',
    take(value, site) {
      if (value === '') {
        site.watches = false
        return { changed: 'nothing is watched, as it was' }
      }
      return {
        to: [...site.mountPath, 'recycle', 'touch'],
        changed:
          'a file is watched, not a pattern: workers are replaced when web.config is changed, and by `sidegate reload`',
      }
    },
  },
  {
    name: 'SCRIPT_NAME',
    here: 'the place of the mount',
    note: 'an application of IIS is SCRIPT_NAME by itself',
    take: (_, site) => ({ to: site.mountPath }),
  },
  {
    name: 'AllowPathInfoForScriptMappings',
    here: 'always',
    note: 'SCRIPT_NAME and PATH_INFO are put right in both cases',
    take: () => ({ changed: 'SCRIPT_NAME and PATH_INFO are put right in both cases' }),
  },
  left('APPINSIGHTS_INSTRUMENTATIONKEY', 'put the WSGI middleware of your monitoring round the app: `wrap`'),
]

/** Attributes of `<application>` in `<fastCgi>`. */
export const applicationSettings: readonly WfastcgiSetting[] = [
  {
    name: 'fullPath',
    here: '`interpreter`, `venv`',
    note: 'a python.exe in `Scripts` is that of a virtual environment',
    take: interpreter,
  },
  {
    name: 'arguments',
    here: 'none',
    note: 'Sidegate runs the app in workers of its own',
    take: () => ({ changed: 'Sidegate runs the app in workers of its own' }),
  },
  {
    name: 'maxInstances',
    here: '`processes`',
    note: 'with `idleTimeout` as `{ min: 0, max, idle }`; 0 is as many as there are processors',
    take: instances,
  },
  {
    name: 'idleTimeout',
    here: '`processes.idle`',
    note: '',
    take: (_, site) =>
      site.application('maxInstances') === undefined
        ? { changed: 'without maxInstances one worker is there always' }
        : { to: [...site.mountPath, 'processes', 'idle'] },
  },
  numeric('instanceMaxRequests', ['recycle', 'requests'], 'one more by up to a tenth (`recycle.jitter`)', 'never'),
  numeric('requestTimeout', ['requestTimeout'], 'the client gets 504, the log says what the app was doing', 'no limit'),
  numeric('queueLength', ['queue'], 'requests that wait; more get 503', '100 may wait'),
  {
    name: 'monitorChangesTo',
    here: '`recycle.touch`',
    note: '',
    take: (value, site) => (value === '' ? { changed: 'nothing is watched' } : { to: site.touch(value) }),
  },
  left('activityTimeout', OF_IIS),
  left('protocol', OF_IIS),
  left('flushNamedPipe', OF_IIS),
  left('rapidFailsPerMinute', OF_IIS),
  left('signalBeforeTerminateSeconds', OF_IIS),
  left('stderrMode', OF_IIS),
]

/** What is not named here: an environment variable of the app. */
export function environmentVariable(name: string): WfastcgiSetting {
  return { name, here: '`env`', note: '', take: (value, site) => ({ to: site.put(['env', name], value) }) }
}

function handler(value: string, site: SiteDraft): Fate {
  if (value.startsWith('ptvs_virtualenv_proxy.')) {
    return { changed: 'the app is what WSGI_ALT_VIRTUALENV_HANDLER names: `venv` does what the proxy did' }
  }
  return { to: site.app(value, false) }
}

/** The Python that IIS starts. */
export function interpreter(value: string, site: SiteDraft): Fate {
  const to = site.python(value)
  return to
    ? { to }
    : { to: [...site.mountPath, 'venv'], changed: 'the Python of the virtual environment runs the app' }
}

function instances(value: string, site: SiteDraft): Fate {
  const most = Number(value)
  if (!/^\d+$/.test(value)) return { left: `${value} is no number` }
  if (most === 0) return { changed: 'as many as there are processors, IIS says: write their number into `processes`' }
  const idle = site.application('idleTimeout')
  const staff = idle !== undefined && /^[1-9]\d*$/.test(idle) ? { min: 0, max: most, idle: Number(idle) } : most
  return { to: site.put(['processes'], staff) }
}

// The importers, each loaded when it is asked for.
import type { Importer } from './importer.ts'

/** What is known of an importer before it is loaded. */
export type ImporterEntry = Omit<Importer, 'read'> & { readonly load: () => Promise<Importer> }

export const importers: readonly ImporterEntry[] = [
  {
    name: 'uwsgi',
    summary: 'a configuration of uWSGI (.ini, .yaml, .json, .xml), or the folder of an emperor',
    source: 'FILE',
    option: 'ini',
    load: async () => (await import('./uwsgi/uwsgi.ts')).uwsgi,
  },
  {
    name: 'php-fpm',
    summary:
      'a pool file of PHP-FPM, or its main file: each pool becomes a php mount; the folder of the scripts stands behind it',
    source: 'FILE',
    load: async () => (await import('./php-fpm.ts')).phpFpm,
  },
  {
    name: 'procfile',
    summary: 'a Procfile: its process web is served, the others are named',
    source: 'FILE',
    option: 'procfile',
    load: async () => (await import('./procfile.ts')).procfile,
  },
  {
    name: 'wfastcgi',
    summary:
      'the web.config of an app that wfastcgi runs behind IIS; an applicationHost.config behind it says how many processes there are',
    source: 'FILE',
    load: async () => (await import('./wfastcgi.ts')).wfastcgi,
  },
  {
    name: 'gunicorn',
    summary: 'a configuration of gunicorn, which is run by Python, and the command line typed behind it',
    source: 'FILE',
    option: 'gunicorn',
    load: async () => (await import('./gunicorn/gunicorn.ts')).gunicorn,
  },
  {
    name: 'unit',
    summary: 'a configuration of NGINX Unit, or the control socket of one that runs',
    source: 'FILE',
    option: 'unit',
    load: async () => (await import('./unit/unit.ts')).unit,
  },
]

// The importers, each loaded when it is asked for.
import type { Importer } from './importer.ts'

/** What is known of an importer before it is loaded. */
export interface ImporterEntry extends Pick<Importer, 'name'> {
  /** One sentence: what it reads. */
  readonly summary: string
  /** The option of `serve` that runs such a file as it is, without the dashes. What stands behind it is what stands behind the file of `import`. */
  readonly option: string
  readonly load: () => Promise<Importer>
}

export const importers: readonly ImporterEntry[] = [
  {
    name: 'uwsgi',
    summary:
      'a configuration of uWSGI (.ini, .yaml, .json, .xml), or the folder of an emperor; what else its command line has stands behind it',
    option: 'ini',
    load: async () => (await import('./uwsgi/uwsgi.ts')).uwsgi,
  },
  {
    name: 'php-fpm',
    summary:
      'a pool file of PHP-FPM, or its main file: each pool becomes a php mount; the folder of the scripts stands behind it',
    option: 'php-fpm',
    load: async () => (await import('./php-fpm.ts')).phpFpm,
  },
  {
    name: 'procfile',
    summary: 'a Procfile: its process web is served, the others are named',
    option: 'procfile',
    load: async () => (await import('./procfile.ts')).procfile,
  },
  {
    name: 'wfastcgi',
    summary:
      'the web.config of an app that wfastcgi runs behind IIS; an applicationHost.config behind it says how many processes there are',
    option: 'wfastcgi',
    load: async () => (await import('./wfastcgi.ts')).wfastcgi,
  },
  {
    name: 'gunicorn',
    summary: 'a configuration of gunicorn, which is run by Python, and the command line typed behind it',
    option: 'gunicorn',
    load: async () => (await import('./gunicorn/gunicorn.ts')).gunicorn,
  },
  {
    name: 'unit',
    summary:
      'a configuration of NGINX Unit, or the control socket of one that runs; a listener behind it is the one that counts',
    option: 'unit',
    load: async () => (await import('./unit/unit.ts')).unit,
  },
]

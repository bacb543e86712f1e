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
    name: 'procfile',
    summary: 'a Procfile: its process web is served, the others are named',
    source: 'FILE',
    option: 'procfile',
    load: async () => (await import('./procfile.ts')).procfile,
  },
]

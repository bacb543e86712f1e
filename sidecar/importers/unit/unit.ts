// NGINX Unit: its configuration in a file, or that of one that runs.
import { ConfigError } from '../../errors.ts'
import type { Imported, Importer, ImportSource } from '../importer.ts'
import type { Group } from './group.ts'
import { Applications } from './applications.ts'
import { compile } from './compile.ts'
import { generalOf } from './general.ts'
import { listenersOf } from './listeners.ts'
import { Routes } from './routes.ts'
import { readSource } from './source.ts'
import { Told } from './told.ts'
import { Upstreams } from './upstreams.ts'

export const unit: Importer = {
  name: 'unit',
  async read({ file, words, cwd }: ImportSource): Promise<Imported> {
    const source = await readSource(file, cwd)
    const { data } = source
    const told = new Told(source)
    const group = (name: string): Group => (data[name] ?? {}) as Group
    const unknown = words.find((word) => !(word in group('listeners')))
    if (unknown !== undefined) throw new ConfigError('IMPORT_SYNTAX', file, `there is no listener ${unknown} in it`)
    const applications = new Applications(group('applications'), told)
    const upstreams = new Upstreams(group('upstreams'), told)
    const routes = new Routes(data.routes, { told, applications, upstreams })
    const { listen, pass } = listenersOf(group('listeners'), words, data.routes, told)
    if (!pass) throw new ConfigError('IMPORT_SYNTAX', file, 'it has no listeners: nothing is served')
    const { use, mounts } = compile(routes.cases(pass.value, pass.path), told)
    const { log, layers, listener } = generalOf(data, told)
    const front = [...layers, ...use]
    routes.rest()
    applications.rest()
    upstreams.rest()
    told.rest('nothing is known of it here')
    return {
      config: {
        listen: listen.map((entry) => ({ ...(entry as Group), ...listener })),
        log,
        ...(front.length > 0 && { use: front }),
        mounts,
      },
      report: told.report,
    }
  },
}

// Has nginx read the config: `nginx -t`.
import { checkWith, type Checker } from '../check.ts'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

const checker: Checker = {
  label: 'nginx',
  program: 'nginx',
  file: 'nginx.conf',
  // A pid file and an error log of its own: the running nginx and its folders are left alone.
  arguments: (file, folder) => ['-t', '-p', folder, '-c', file, '-g', `pid ${folder}/nginx.pid; error_log stderr;`],
  clean: (output) => output.replace(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d (\[\w+\]) \d+#\d+: /gm, 'nginx: $1 '),
}

/** Runs `nginx -t` on the complete config for `input`. `program`: the nginx to ask. */
export function check(input: PlugInput, options: PlugOptions = {}, program: string = 'nginx'): Promise<PlugCheck> {
  return checkWith({ ...checker, program }, render(input, { ...options, full: true }))
}

// Has Apache read the config: `apache2 -t` (elsewhere `httpd -t`).
import { checkWith, type Checker } from '../check.ts'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

const checker: Checker = {
  label: 'Apache',
  program: 'apache2',
  file: 'httpd.conf',
  // Folders and files of its own: the running Apache is left alone.
  arguments: (file, folder) => {
    const own = [`DefaultRuntimeDir ${folder}`, `PidFile ${folder}/pid`, `ErrorLog ${folder}/log`]
    return ['-t', '-d', folder, '-f', file, ...own.flatMap((line) => ['-c', line])]
  },
  clean: (output) => output.replace(/^\[[^\]]*\] \[(\w+:\w+)\] (?:\[pid [^\]]*\] )?/gm, '[$1] '),
}

/** Runs `apache2 -t` on the complete config for `input`. `program`: the Apache to ask. */
export function check(input: PlugInput, options: PlugOptions = {}, program: string = 'apache2'): Promise<PlugCheck> {
  return checkWith({ ...checker, program }, render(input, { ...options, full: true }))
}

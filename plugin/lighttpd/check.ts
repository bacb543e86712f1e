// Has lighttpd read the config: `lighttpd -tt`, which loads the modules too.
import { checkWith, type Checker } from '../check.ts'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

const checker: Checker = {
  label: 'lighttpd',
  program: 'lighttpd',
  file: 'lighttpd.conf',
  arguments: (file) => ['-tt', '-f', file],
  clean: (output) => output.replace(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d: /gm, 'lighttpd: '),
}

/** Runs `lighttpd -tt` on the complete config for `input`. `program`: the lighttpd to ask. */
export function check(input: PlugInput, options: PlugOptions = {}, program: string = 'lighttpd'): Promise<PlugCheck> {
  return checkWith({ ...checker, program }, render(input, { ...options, full: true }))
}

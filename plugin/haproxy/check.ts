// Has HAProxy read the config: `haproxy -c`.
import { checkWith, type Checker } from '../check.ts'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

const checker: Checker = {
  label: 'HAProxy',
  program: 'haproxy',
  file: 'haproxy.cfg',
  arguments: (file) => ['-c', '-V', '-f', file],
  clean: (output) => output.replace(/^\[NOTICE\].*\n/gm, '').replace(/^(\[\w+\])\s*\(\d+\) : /gm, 'haproxy: $1 '),
}

/** Runs `haproxy -c` on the complete config for `input`. `program`: the HAProxy to ask. */
export function check(input: PlugInput, options: PlugOptions = {}, program: string = 'haproxy'): Promise<PlugCheck> {
  return checkWith({ ...checker, program }, render(input, { ...options, full: true }))
}

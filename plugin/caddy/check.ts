// Has Caddy read the config: `caddy validate`, which prepares the modules too.
import { checkWith, type Checker } from '../check.ts'
import type { PlugCheck, PlugInput, PlugOptions } from '../host.ts'
import { render } from './render.ts'

const checker: Checker = {
  label: 'Caddy',
  program: 'caddy',
  file: 'Caddyfile',
  arguments: (file) => ['validate', '--adapter', 'caddyfile', '--config', file],
  // What it logs on the way is not about the config; what is wrong comes as plain text.
  clean: (output) => output.replace(/^(?:\{.*|.*\t(?:INFO|WARN)\t.*)\n/gm, ''),
}

/** Runs `caddy validate` on the complete config for `input`. `program`: the Caddy to ask. */
export function check(input: PlugInput, options: PlugOptions = {}, program: string = 'caddy'): Promise<PlugCheck> {
  return checkWith({ ...checker, program }, render(input, { ...options, full: true }))
}

// The peers of today: what pip has put into run/bench/peers, where somebody has asked it to (docs/bench.md); else what the machine has.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { program } from '../harness.ts'

// Below run/, which git does not look at.
const own = resolve('run/bench/peers/bin')

/** Every Python row runs on the same one. Debian's packages are for Debian's Python. */
export const python: string = found('python3') ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3')

/** uWSGI has Python in it, as pip builds it; that of Debian loads it. */
export const uwsgiPython: readonly string[] = found('uwsgi') ? [] : ['--plugin', 'python3']

/** The path of a peer's program, or its name where it is on the PATH. */
export function peer(name: string): string {
  return found(name) ?? name
}

/** Why a peer cannot run here; `packages`: of Debian, where that has it. */
export function missingPeer(name: string, packages: string | undefined): string | undefined {
  if (found(name) ?? program(name)) return undefined
  const debian = packages === undefined ? '' : `; or on Debian: apt-get install ${packages}`
  return `${name} is not installed (the environment for peers in docs/bench.md has it${debian})`
}

/** Why uWSGI runs no Python here. */
export function missingPlugin(): string | undefined {
  const { status } = spawnSync(peer('uwsgi'), [...uwsgiPython, '--version'], { stdio: 'ignore' })
  return status === 0 ? undefined : 'uwsgi has no plugin python3 (on Debian: apt-get install uwsgi-plugin-python3)'
}

function found(name: string): string | undefined {
  const file = resolve(own, name)
  return existsSync(file) ? file : undefined
}

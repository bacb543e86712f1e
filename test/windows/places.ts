// What the Windows tests run on a Linux machine, and where it lies: Wine with a prefix of its own, Node.js and Python for Windows, and programs
// of ours. It is made once a user (setup.ts) and kept.
import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'

/** Debian's place; nobody has it on the PATH. */
export const WINE = '/usr/lib/wine/wine64'
export const COMPILER = '/usr/bin/x86_64-w64-mingw32-gcc'

const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'sidegate-tests', 'windows')

/** A place in the cache. */
export const cached = (name: string): string => join(CACHE, name)

/** A source of this folder. */
export const source = (name: string): string => join(import.meta.dirname, name)

/** A place for what is made of a source: another one as soon as that changes. */
const builtFrom = (name: string, ending: string): string => {
  const hash = createHash('sha256')
    .update(readFileSync(source(`${name}.c`)))
    .digest('hex')
  return cached(`${name}-${hash.slice(0, 12)}.${ending}`)
}

/** Wine's own folder: drive C:, the registry. */
export const PREFIX: string = cached('prefix-1')

/** The Node.js of every npm script, and the newest of the oldest line that package.json admits. */
export const NODE_VERSIONS = ['24.21.0', '22.23.3'] as const
export type NodeVersion = (typeof NODE_VERSIONS)[number]
export const nodeExe = (version: NodeVersion): string => cached(`node-${version}.exe`)

/** CPython as the Maven artifact has it: python.exe with its library. */
export const PYTHON: string = join(cached('python-3.13.5'), 'python.exe')

/** Packages with Windows binaries that node_modules of a Linux machine has not, for `NODE_PATH`. */
export const BINDINGS: string = cached('bindings-1')

/** See instance.c. */
export const INSTANCE: string = builtFrom('instance', 'exe')

/** See random.c. */
export const RANDOM: string = builtFrom('random', 'dll')

/** Why nothing for Windows can run on this machine; undefined when it can. */
export function whyNot(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    return `the programs for Windows are for x64 and run by Wine on Linux; this is ${process.platform} on ${process.arch}`
  }
  const missing = [...(existsSync(WINE) ? [] : ['wine64']), ...(existsSync(COMPILER) ? [] : ['gcc-mingw-w64-x86-64'])]
  return missing.length > 0 ? `not installed: ${missing.join(', ')}` : undefined
}

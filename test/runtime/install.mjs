// Installs the packages of package-lock.json when they are missing or are not the ones it lists. `npm start` and
// `npm test` call it first, so that both work on a fresh clone. It runs on whatever Node.js npm runs on, and imports
// nothing that would have to be installed.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, symlinkSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** The packages of a lockfile by folder; the root project itself, which npm lists in only one of the two files, left out. */
function packagesOf(lockfile) {
  const { '': _project, ...packages } = JSON.parse(readFileSync(root + lockfile, 'utf8')).packages
  return packages
}

/** Why an install is needed, or nothing. npm notes what it installed in node_modules/.package-lock.json, last of all. */
function reasonToInstall() {
  if (!existsSync(root + 'node_modules/.package-lock.json')) return 'node_modules is missing or incomplete'
  const wanted = packagesOf('package-lock.json')
  const installed = packagesOf('node_modules/.package-lock.json')
  for (const folder in installed) if (!(folder in wanted)) return `${folder} is no longer in package-lock.json`
  for (const folder in wanted) {
    const want = wanted[folder]
    const have = installed[folder]
    // an optional package is left out where it is for another platform
    if (!have && !want.optional) return `${folder} is not installed`
    if (have && (have.version !== want.version || have.integrity !== want.integrity)) {
      return `${folder} is not the one of package-lock.json`
    }
  }
  return undefined
}

const reason = reasonToInstall()
if (reason) {
  console.log(`sidegate: installing packages with npm ci (${reason})`)
  const npm = process.env.npm_execpath
  const options = ['ci', '--include=dev', '--include=optional', '--loglevel=error']
  const result = npm
    ? spawnSync(process.execPath, [npm, ...options], { cwd: root, stdio: 'inherit' })
    : spawnSync('npm', options, { cwd: root, stdio: 'inherit', shell: process.platform === 'win32' })
  if (result.status !== 0) {
    console.error('sidegate: npm ci failed; see its messages above')
    process.exit(1)
  }
}

// npm 9 makes no link for a program that two optional packages bring under one name.
const own = `node-${process.platform}-${process.arch}/bin/node`
if (!existsSync(root + 'node_modules/.bin/node') && existsSync(`${root}node_modules/${own}`)) {
  symlinkSync(`../${own}`, root + 'node_modules/.bin/node')
}

// On Linux the workspace brings its own Node.js; elsewhere the system's has to be new enough.
const [major, minor] = process.versions.node.split('.').map(Number)
if (!existsSync(root + 'node_modules/.bin/node') && (major < 22 || (major === 22 && minor < 19))) {
  console.error(`sidegate: Node.js 22.19 or newer is needed, this is ${process.versions.node}`)
  process.exit(1)
}

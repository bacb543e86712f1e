// Builds dist/, which is what the package ships: what tsc makes of tsconfig.build.json, joined into few files, and beside
// them the files that tsc leaves alone. It is made in a folder of its own: a failed build changes nothing, and a good one replaces each file as
// a whole and removes what is stale last, so that what runs or starts from dist/ meanwhile finds every file, and none half written.
import { spawnSync } from 'node:child_process'
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
} from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.mjs'

process.chdir(fileURLToPath(new URL('../../', import.meta.url)))
mkdirSync('run', { recursive: true })
const fresh = mkdtempSync('run/build-')
process.on('exit', () => rmSync(fresh, { recursive: true, force: true }))

compile()
await bundle(resolve(fresh))
copyAssets()
writeSchemas()
chmodSync(join(fresh, 'sidecar/main.js'), 0o755)
removeInnerTypes()
replace()

function compile() {
  const words = ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json', '--outDir', fresh]
  const tsc = spawnSync(process.execPath, words, { stdio: 'inherit' })
  if (tsc.status !== 0) process.exit(1)
}

/** The Python programs: workers, relays, the app of the conformance suite. */
function copyAssets() {
  for (const file of ['sidecar', 'plugin', 'test/conformance'].flatMap(filesBelow)) {
    if (!file.endsWith('.py')) continue
    mkdirSync(dirname(join(fresh, file)), { recursive: true })
    copyFileSync(file, join(fresh, file))
  }
}

/** The JSON Schema of a configuration and the OpenAPI document of the admin interface: made from the sources, by a Node.js that runs TypeScript. */
function writeSchemas() {
  // Its own place and not .bin: while npm 9 installs, that has no link to it.
  const own = `node_modules/node-${process.platform}-${process.arch}/bin/node`
  const node = existsSync(own) ? own : process.execPath
  const made = {
    'sidecar/config/json-schema.ts': 'sidegate.schema.json',
    'sidecar/admin/openapi.ts': 'sidegate.admin.json',
  }
  for (const [source, file] of Object.entries(made)) {
    if (spawnSync(node, [source, join(fresh, file)], { stdio: 'inherit' }).status !== 0) process.exit(1)
  }
}

/** Types are for what package.json exports, and what that is made of; nobody can import the others. */
function removeInnerTypes() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const left = Object.values(exports).flatMap(({ types }) => (types ? [join(fresh, relative('dist', types))] : []))
  const reached = new Set()
  for (let file = left.pop(); file; file = left.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    const named = readFileSync(file, 'utf8').matchAll(/(?:from |import\(|import )['"](\.[^'"]+)\.[jt]s['"]/g)
    left.push(...Array.from(named, ([, path]) => join(dirname(file), `${path}.d.ts`)))
  }
  for (const file of filesBelow(fresh)) if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file)
}

/** Puts what was made into its place, and takes away what was not. */
function replace() {
  const made = filesBelow(fresh).map((file) => relative(fresh, file))
  for (const file of made) {
    mkdirSync(dirname(join('dist', file)), { recursive: true })
    renameSync(join(fresh, file), join('dist', file))
  }
  const kept = new Set(made)
  for (const file of filesBelow('dist')) if (!kept.has(relative('dist', file))) rmSync(file)
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

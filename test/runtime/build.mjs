// Builds dist/, which is what the package ships: what tsc makes of tsconfig.build.json, and beside it the files that
// tsc leaves alone. A failed build changes nothing; a good one writes in place and removes what is stale last, so that
// a gateway which runs from dist/ meanwhile never finds it empty.
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

process.chdir(fileURLToPath(new URL('../../', import.meta.url)))
const started = Date.now()

compile()
copyAssets()
writeSchema()
chmodSync('dist/sidecar/main.js', 0o755)
removeStale()
removeInnerTypes()

function compile() {
  const tsc = spawnSync(process.execPath, ['node_modules/typescript/bin/tsc', '-p', 'tsconfig.build.json'], {
    stdio: 'inherit',
  })
  if (tsc.status !== 0) process.exit(1)
}

/** The Python programs: workers, relays, the app of the conformance suite. */
function copyAssets() {
  for (const file of ['sidecar', 'plugin', 'test/conformance'].flatMap(filesBelow)) {
    if (!file.endsWith('.py')) continue
    mkdirSync(dirname(join('dist', file)), { recursive: true })
    copyFileSync(file, join('dist', file))
  }
}

/** The JSON Schema of a configuration, which the sources are asked for: that needs a Node.js that runs TypeScript. */
function writeSchema() {
  // Its own place and not .bin: while npm 9 installs, that has no link to it.
  const own = `node_modules/node-${process.platform}-${process.arch}/bin/node`
  const node = existsSync(own) ? own : process.execPath
  const schema = spawnSync(node, ['sidecar/config/json-schema.ts', 'dist/sidegate.schema.json'], { stdio: 'inherit' })
  if (schema.status !== 0) process.exit(1)
}

function removeStale() {
  for (const file of filesBelow('dist')) if (statSync(file).mtimeMs < started) rmSync(file)
}

/** Types are for what package.json exports, and what that is made of; nobody can import the others. */
function removeInnerTypes() {
  const { exports } = JSON.parse(readFileSync('package.json', 'utf8'))
  const left = Object.values(exports).flatMap(({ types }) => (types ? [join(types)] : []))
  const reached = new Set()
  for (let file = left.pop(); file; file = left.pop()) {
    if (reached.has(file)) continue
    reached.add(file)
    const named = readFileSync(file, 'utf8').matchAll(/(?:from |import\(|import )['"](\.[^'"]+)\.[jt]s['"]/g)
    left.push(...Array.from(named, ([, path]) => join(dirname(file), `${path}.d.ts`)))
  }
  for (const file of filesBelow('dist')) if (file.endsWith('.d.ts') && !reached.has(file)) rmSync(file)
}

function filesBelow(folder) {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

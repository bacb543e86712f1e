// Joins what tsc made into few files: to find, read and link more than three hundred modules was most of a start. What is loaded by its
// address, and not by an import, stays a file of its own: the entries.
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join, posix, relative, sep } from 'node:path'
import { rolldown } from 'rolldown'

/** Files that have to be where they are, without the ending: package.json, IIS and the sources name them. */
const ENTRIES = [
  'sidecar/main',
  'sidecar/index',
  'sidecar/worker/main',
  'sidecar/worker/watch',
  'sidecar/middleware/auth/thread',
  'sidecar/middleware/xslt/worker',
  'sidecar/mounts/unit-http/http',
  'plugin/iis/handler',
  'test/conformance/index',
]

/** What stays as it is: the apps of the conformance suite are printed, and run from anywhere. */
const KEPT = ['app', 'node', 'fetch', 'material'].map((name) => join('test', 'conformance', `${name}.js`))

const PLACE = '__sidegatePlace__'

/**
 * The modules of a folder become entries and chunks, in the same folder.
 * @param {string} folder absolute
 */
export async function bundle(folder) {
  const input = Object.fromEntries(ENTRIES.map((entry) => [entry, join(folder, `${entry}.js`)]))
  for (const file of Object.values(input)) {
    if (!existsSync(file)) throw new Error(`${file} is an entry of the bundle, and is not there`)
  }
  const build = await rolldown({
    input,
    cwd: folder,
    platform: 'node',
    // Packages stay packages.
    external: (id) => !id.startsWith('.') && !id.startsWith(folder),
    plugins: [placesStay(folder)],
    onLog(_level, { message }) {
      throw new Error(message)
    },
  })
  const { output } = await build.generate({ format: 'esm', chunkFileNames: 'chunks/[name]-[hash].js' })
  await build.close()
  const files = readdirSync(folder, { recursive: true }).filter((file) => file.endsWith('.js') && !KEPT.includes(file))
  for (const file of files) rmSync(join(folder, file))
  for (const { fileName, code } of output) {
    mkdirSync(dirname(join(folder, fileName)), { recursive: true })
    writeFileSync(join(folder, fileName), code)
  }
}

/** Modules find what lies beside them by import.meta.url. In a joined file that is the file's: it is told where each module was. */
function placesStay(folder) {
  return {
    name: 'places-stay',
    transform(code, id) {
      const place = JSON.stringify(relative(folder, id).replaceAll(sep, '/'))
      return code.replaceAll('import.meta.url', `${PLACE}(${place})`)
    },
    renderChunk(code, { fileName }) {
      return code.replace(new RegExp(`${PLACE}\\("([^"]+)"\\)`, 'g'), (_call, place) => {
        const way = JSON.stringify(posix.relative(posix.dirname(fileName), place))
        return `new URL(${way}, import.meta.url).href`
      })
    },
  }
}

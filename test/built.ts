// The program as it is shipped, which tests start in processes of its own: it starts in half the time that the sources take.
import { globSync, statSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** The entry point. @throws {Error} when a source has changed since it was built: a test would say nothing about that one. */
export const MAIN: string = join(root, 'dist/sidecar/main.js')

const built = statSync(MAIN, { throwIfNoEntry: false })?.mtimeMs ?? 0
for (const file of globSync('{sidecar,plugin}/**/*.{ts,py}', { cwd: root })) {
  if (statSync(join(root, file)).mtimeMs > built) throw new Error(`dist/ is older than ${file}: npm run build`)
}

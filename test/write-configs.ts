// Writes the files under configs/ anew: `node test/write-configs.ts`. A test fails when they are stale.
import { writeFileSync } from 'node:fs'
import { example, files } from '../plugin/nginx/example.ts'
import { render } from '../plugin/nginx/render.ts'

for (const [name, options] of Object.entries(files)) {
  writeFileSync(new URL(`../configs/nginx/${name}`, import.meta.url), render(example, options))
}

// The nginx config of the compose stack is what `sidegate plug` writes for the stack's configuration.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { run } from './engine.ts'
import { MAIN } from '../built.ts'

test('configs/compose/nginx.conf is up to date', async () => {
  const cwd = join(import.meta.dirname, '../..')
  const words = [MAIN, 'plug', 'nginx', '--full', '--config', 'examples/compose.config.yaml']
  const { stdout, stderr, code } = await run([process.execPath, ...words], { cwd, milliseconds: 20_000 })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(readFileSync(join(cwd, 'configs/compose/nginx.conf'), 'utf8')).toBe(stdout)
})

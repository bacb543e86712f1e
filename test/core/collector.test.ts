import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'

test('where V8 does not hand out its collection, pieces pass all the same', () => {
  const url = new URL('../../sidecar/collector.ts', import.meta.url).href
  const script = `import { notePiece } from ${JSON.stringify(url)}
for (let count = 0; count < 3; count++) notePiece(16 * 1024 * 1024)
console.log('passed')`
  // Under another name it is not found.
  const words = ['--expose-gc-as=other', '--input-type=module', '--eval', script]
  expect(execFileSync(process.execPath, words, { encoding: 'utf8' })).toBe('passed\n')
})

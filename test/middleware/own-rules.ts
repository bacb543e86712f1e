// The rules of layers out of their checker.
import { readFileSync } from 'node:fs'

/** The lines with ## of the checker. */
export function layerRules(): string {
  const text = readFileSync(new URL('../../sidecar/middleware/own/rules.ts', import.meta.url), 'utf8')
  const lines = [...text.matchAll(/^ *\/\/ ##(?: (.*))?$/gm)].map(([, line = '']) => line)
  return `${lines.join('\n')}\n`
}

// A configuration → the text of a file that says the same.
import { stringify } from 'yaml'

/** The formats that are written. */
export const WRITTEN_FORMATS = ['yaml', 'json', 'ts'] as const

/** One of them. */
export type WrittenFormat = (typeof WRITTEN_FORMATS)[number]

/** @param head lines of a comment in front; JSON has none */
export function written(
  config: Readonly<Record<string, unknown>>,
  format: WrittenFormat,
  head: readonly string[],
): string {
  switch (format) {
    case 'yaml':
      return `${comment('#', head)}${stringify(plain(config), { lineWidth: 0 })}`
    case 'json':
      return `${JSON.stringify(plain(config), undefined, 2)}\n`
    case 'ts':
      return `${comment('//', head)}import { defineConfig } from 'sidegate'\n\nexport default defineConfig(${JSON.stringify(config, undefined, 2)})\n`
  }
}

function comment(sign: string, lines: readonly string[]): string {
  return lines.map((line) => `${sign} ${line}\n`).join('')
}

/** The same where `${NAME}` stands for a variable of the environment: in YAML and JSON. */
function plain(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll('${', () => '$${')
  if (Array.isArray(value)) return value.map(plain)
  if (value === null || typeof value !== 'object') return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]))
}

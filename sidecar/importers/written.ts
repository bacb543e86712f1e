// A configuration → the text of a file that says the same.

/** The formats that are written. */
export type WrittenFormat = 'yaml' | 'json' | 'ts' | 'js'

/** @param head lines of a comment in front; JSON has none */
export async function written(
  config: Readonly<Record<string, unknown>>,
  format: WrittenFormat,
  head: readonly string[],
): Promise<string> {
  switch (format) {
    case 'yaml': {
      // Each command would load it.
      const { stringify } = await import('yaml')
      return `${comment('#', head)}${stringify(plain(config), { lineWidth: 0 })}`
    }
    case 'json':
      return `${JSON.stringify(plain(config), undefined, 2)}\n`
    // Of the package there are types alone in it: it need not be installed where the file is.
    case 'ts':
      return `${comment('//', head)}import type { Config } from 'sidegate'\n\nexport default ${JSON.stringify(config, undefined, 2)} satisfies Config\n`
    case 'js':
      return `${comment('//', head)}/** @type {import('sidegate').Config} */\nexport default ${JSON.stringify(config, undefined, 2)}\n`
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

// The syntax of IIS's configuration (XML), of command files and of PowerShell.
import { ConfigError } from '../../sidecar/errors.ts'

/**
 * A text as the value of an attribute, without the quotes.
 * @throws {ConfigError} PLUG_NAME for characters that XML has not.
 */
export function attribute(text: string): string {
  return plain(text).replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}

/** Comment lines: of XML, each by itself. */
export function remarks(...lines: readonly string[]): string[] {
  return lines.map((line) => `<!-- ${line.replace(/-(?=-)/g, '- ')} -->`)
}

/** A literal of PowerShell: nothing in it means anything. The quotes of printers end one too (about_Quoting_Rules), and are doubled as well. */
export function literal(text: string): string {
  return `'${plain(text).replace(/['\u2018-\u201b]/g, '$&$&')}'`
}

/**
 * A line of a command file whose double quotes are part of it: cmd.exe takes each for one that begins or ends a quotation, `\\"` too, and
 * reads what is outside for itself.
 */
export function commandFileLine(text: string): string {
  let quoted = false
  return plain(text).replace(/["%&|<>^()]/g, (letter) => {
    if (letter === '"') quoted = !quoted
    if (letter === '%') return '%%'
    return letter === '"' || quoted ? letter : `^${letter}`
  })
}

/** An element without a body; `undefined` leaves an attribute out. */
export function element(name: string, attributes: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(attributes).map(([key, value]) => ` ${key}="${attribute(value)}"`)
  return `<${name}${pairs.join('')} />`
}

/** An element with a body, indented. */
export function block(head: string, body: readonly string[]): string[] {
  const [name = ''] = head.split(' ')
  return [`<${head}>`, ...body.map((line) => `  ${line}`), `</${name}>`]
}

function plain(text: string): string {
  // oxlint-disable-next-line no-control-regex
  if (!/[\0-\x1f\x7f]/.test(text)) return text
  throw new ConfigError('PLUG_NAME', 'plug', `${JSON.stringify(text)} cannot be written in the configuration of IIS`)
}

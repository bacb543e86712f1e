// The formats in which uWSGI takes its options: text → the lines of one section. Keys may come several times in all of them.
import { ConfigError } from '../../errors.ts'
import { jsonFault } from '../../text-lines.ts'
import { parseXml, type XmlElement } from '../xml.ts'
import type { WrittenLine } from './option.ts'

/** One of them. */
export type UwsgiFormat = 'ini' | 'yaml' | 'json' | 'xml'

/** What is read. */
export interface FormatSource {
  /** Magic placeholders filled in. */
  readonly text: string
  /** Its name in messages. */
  readonly file: string
  /** The section, or the id of XML; undefined: the usual one. */
  readonly section: string | undefined
}

/** @returns undefined: there is no such section @throws {ConfigError} IMPORT_SYNTAX */
export async function linesOf(format: UwsgiFormat, source: FormatSource): Promise<WrittenLine[] | undefined> {
  if (format === 'ini') return iniLines(source)
  return format === 'xml' ? xmlLines(source) : treeLines(source, format)
}

/** `[section]`, `key = value`, `;` and `#` at the beginning of a line. Quotes mean nothing, and a value goes to the end of its line. */
function iniLines({ text, section = 'uwsgi' }: FormatSource): WrittenLine[] | undefined {
  const found: WrittenLine[] = []
  let current = ''
  let seen = false
  for (const [index, whole] of text.split('\n').entries()) {
    const line = trimmed(whole)
    if (line === '' || line.startsWith(';') || line.startsWith('#')) continue
    if (line.startsWith('[')) {
      current = line.slice(1, -1)
      continue
    }
    if (current !== section) continue
    seen = true
    const equals = line.indexOf('=')
    const key = trimmed(equals < 0 ? line : line.slice(0, equals))
    found.push({ key, value: equals < 0 ? '' : trimmed(line.slice(equals + 1)), line: index + 1 })
  }
  return seen ? found : undefined
}

function trimmed(text: string): string {
  return text.replace(/^[ \t\r]+/, '').replace(/[ \t\r]+$/, '')
}

/** An object or group for each section; a list is a key that comes several times. */
async function treeLines(
  { text, file, section = 'uwsgi' }: FormatSource,
  format: 'yaml' | 'json',
): Promise<WrittenLine[] | undefined> {
  const { parseDocument, LineCounter, isMap, isScalar, isSeq } = await import('yaml')
  const lineCounter = new LineCounter()
  // `foo: %(bar)` and `foo: @(file)` are no YAML, and uWSGI takes them.
  const plain =
    format === 'json'
      ? text
      : text.replaceAll(
          /^(\s*(?:-\s+|[^\s#'"][^\n#'"]*?:\s+))([%@`](?:(?!\s#)[^\n])*?)[ \t\r]*(?=\s#|$)/gm,
          (_, before: string, value: string) => `${before}${JSON.stringify(value)}`,
        )
  const document = parseDocument(plain, {
    lineCounter,
    prettyErrors: false,
    schema: 'failsafe',
    uniqueKeys: false,
    strict: false,
  })
  const lineOf = (node: unknown): number => {
    const start = (node as { range?: readonly [number, ...unknown[]] | null } | null)?.range?.[0]
    return start === undefined ? 0 : lineCounter.linePos(start).line
  }
  const [error] = document.errors
  const why = format === 'json' ? jsonFault(text)?.message : error?.message
  if (why !== undefined) {
    const line = error ? lineCounter.linePos(error.pos[0]).line : 1
    throw new ConfigError('IMPORT_SYNTAX', `${file}:${line}`, `it is no ${format.toUpperCase()}: ${why}`)
  }
  const sections = isMap(document.contents) ? document.contents.items : []
  const pair = sections.find(({ key }) => isScalar(key) && key.value === section)
  if (!pair) return undefined
  if (!isMap(pair.value)) return []
  return pair.value.items.flatMap(({ key, value }) => {
    const name = isScalar(key) ? String(key.value) : undefined
    // A key of YAML with nothing behind it is no option.
    const values = isSeq(value)
      ? value.items
      : value === null || (isScalar(value) && value.value === '' && value.type === 'PLAIN')
        ? []
        : [value]
    return values.map((one): WrittenLine => {
      const line = lineOf(isSeq(value) ? one : key)
      if (name === undefined || !(one === null || isScalar(one)))
        throw new ConfigError(
          'IMPORT_SYNTAX',
          `${file}:${line}`,
          'an option of uWSGI is a text, a number, true or false, or a list of them',
        )
      return {
        key: name,
        value: scalar(one === null ? '' : String(one.value ?? ''), one?.type === 'PLAIN', format),
        line,
      }
    })
  })
}

/** As uWSGI has the words of JSON. */
function scalar(value: string, isPlain: boolean, format: 'yaml' | 'json'): string {
  if (format !== 'json' || !isPlain) return value
  if (value === 'true') return '1'
  return value === 'false' || value === 'null' ? '0' : value
}

/** `<uwsgi>` with an element for each option; an empty one is a switch. */
function xmlLines({ text, file, section }: FormatSource): WrittenLine[] | undefined {
  const root = parseXml(text, file)
  const fits = ({ attributes: { id } }: XmlElement): boolean =>
    section === undefined || id === undefined || id === section
  const element = root.name === 'uwsgi' ? root : root.children.find((child) => child.name === 'uwsgi' && fits(child))
  if (!element) return undefined
  return element.children.filter(fits).flatMap((child): WrittenLine[] => {
    const { name, line, attributes, children } = child
    if (name !== 'app')
      return [{ key: name, value: child.text === '' && children.length === 0 ? '1' : child.text, line }]
    // An app at a place: <app mountpoint="/shop"><script>shop</script></app>.
    const { mountpoint, domain } = attributes
    const what = (children[0] ?? child).text.trim()
    const place = mountpoint === undefined ? (domain === undefined ? '' : `${domain}|=`) : `${mountpoint}=`
    return what === '' ? [] : [{ key: 'mount', value: `${place}${what}`, line }]
  })
}

// XML as configuration files have it: elements, attributes, text, comments, CDATA and the entities that XML itself knows. A document type
// with entities of its own is refused: what it would fetch or fill in is no configuration.
import { ConfigError } from '../errors.ts'

/** Elements within elements; more is a slip. */
const DEPTH_MAX = 100

/** One element. */
export interface XmlElement {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly XmlElement[]
  /** The text directly in it, with that of CDATA sections, as it stands there. */
  readonly text: string
  /** The line it begins in, from 1 on. */
  readonly line: number
}

interface Open extends XmlElement {
  readonly children: XmlElement[]
  text: string
}

const NAME = '[A-Za-z_:\\u00b7-\\uffff][-\\w.:\\u00b7-\\uffff]*'
const ATTRIBUTE = `\\s+(${NAME})\\s*=\\s*("[^"<]*"|'[^'<]*')`
/** What may come next, each by itself. */
const PIECE = new RegExp(
  [
    '(?<remark><!--[^]*?-->|<\\?[^]*?\\?>)',
    '<!\\[CDATA\\[(?<cdata>[^]*?)\\]\\]>',
    `<(?<name>${NAME})(?<attributes>(?:${ATTRIBUTE})*)\\s*(?<empty>/?)>`,
    `</(?<end>${NAME})\\s*>`,
    '(?<text>[^<]+)',
  ].join('|'),
  'y',
)

/**
 * @param file its name in messages
 * @returns the outermost element
 * @throws {ConfigError} IMPORT_SYNTAX, with the line
 */
export function parseXml(text: string, file: string): XmlElement {
  const source = text.replace(/^\ufeff/, '')
  const fail = (at: number, why: string): ConfigError =>
    new ConfigError('IMPORT_SYNTAX', `${file}:${lineAt(source, at)}`, why)
  const open: Open[] = []
  let root: XmlElement | undefined
  for (let at = 0; at < source.length; at = PIECE.lastIndex) {
    PIECE.lastIndex = at
    const groups = PIECE.exec(source)?.groups
    if (!groups)
      throw fail(
        at,
        `this is no XML${source.startsWith('<!DOCTYPE', at) ? ' that is read here: leave the document type out' : ''}`,
      )
    const { name, attributes, empty, end, cdata, text: plain } = groups
    const inner = open.at(-1)
    if (name !== undefined) {
      if (root && !inner) throw fail(at, `<${name}> stands behind the end of the document`)
      if (open.length === DEPTH_MAX) throw fail(at, `more than ${DEPTH_MAX} elements are in one another`)
      const element: Open = {
        name,
        attributes: attributesOf(attributes ?? '', (why) => fail(at, why)),
        children: [],
        text: '',
        line: lineAt(source, at),
      }
      inner?.children.push(element)
      root ??= element
      if (empty === '') open.push(element)
    } else if (end !== undefined) {
      if (inner?.name !== end)
        throw fail(at, inner ? `</${end}> stands where </${inner.name}> belongs` : `</${end}> ends nothing`)
      open.pop()
    } else if (cdata !== undefined || plain !== undefined) {
      if (inner) inner.text += cdata ?? resolved(plain!, (why) => fail(at, why))
      else if (cdata !== undefined || plain!.trim() !== '') throw fail(at, 'there is text outside of all elements')
    }
  }
  const inner = open.at(-1)
  if (inner) throw fail(source.length, `<${inner.name}> of line ${inner.line} is not closed`)
  if (!root) throw fail(0, 'there is no element in it')
  return root
}

function lineAt(text: string, at: number): number {
  return text.slice(0, at).split('\n').length
}

function attributesOf(text: string, fail: (why: string) => ConfigError): Record<string, string> {
  const found: Record<string, string> = {}
  for (const [, name = '', quoted = ''] of text.matchAll(new RegExp(ATTRIBUTE, 'g'))) {
    if (Object.hasOwn(found, name)) throw fail(`the attribute ${name} is there twice`)
    found[name] = resolved(quoted.slice(1, -1), fail)
  }
  return found
}

const ENTITIES: Readonly<Record<string, string>> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" }

function resolved(text: string, fail: (why: string) => ConfigError): string {
  return text.replaceAll(/&(#x?[0-9A-Fa-f]+|\w*);?/g, (entity, name: string) => {
    if (!entity.endsWith(';')) throw fail('an & in a text is written &amp;')
    if (!name.startsWith('#')) {
      const letter = ENTITIES[name]
      if (letter === undefined) throw fail(`there is no entity ${entity}`)
      return letter
    }
    const code = name[1] === 'x' ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1))
    if (!(code <= 0x10ffff)) throw fail(`there is no character ${entity}`)
    return String.fromCodePoint(code)
  })
}

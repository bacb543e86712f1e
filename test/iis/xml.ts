// XML as a real reader of it sees it.
import { execFileSync } from 'node:child_process'

export interface Element {
  readonly name: string
  readonly attributes: Readonly<Record<string, string>>
  readonly children: readonly Element[]
}

/** Python's reader. */
export function read(xml: string): Element {
  const program = `import sys, json, xml.etree.ElementTree as E
f = lambda e: {'name': e.tag, 'attributes': e.attrib, 'children': [f(c) for c in e]}
print(json.dumps(f(E.fromstring(sys.stdin.buffer.read()))))`
  return JSON.parse(execFileSync('python3', ['-c', program], { input: xml, encoding: 'utf8' })) as Element
}

/** The element and all below it of this name. */
export function all(element: Element, name: string): Element[] {
  return [...(element.name === name ? [element] : []), ...element.children.flatMap((child) => all(child, name))]
}

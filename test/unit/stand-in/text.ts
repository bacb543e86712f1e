// JSON as Unit writes it: tabs, CR LF, and an empty line behind a member that is a list or an object with something in it.
import type { Json } from '../../../plugin/unit/json.ts'
import { isList, isObject } from '../../../plugin/unit/json.ts'

/** A body, with the line end behind it. */
export function jsonText(value: Json): string {
  return `${written(value, '')}\r\n`
}

function written(value: Json, indent: string): string {
  const inner = `${indent}\t`
  if (isList(value)) {
    if (value.length === 0) return '[]'
    return `[\r\n${value.map((one) => inner + written(one, inner)).join(',\r\n')}\r\n${indent}]`
  }
  if (!isObject(value)) return JSON.stringify(value)
  const members = Object.entries(value)
  if (members.length === 0) return '{}'
  const lines = members.map(([name, one], index) => {
    const long = typeof one === 'object' && one !== null && Object.keys(one).length > 0
    const end = index === members.length - 1 ? '' : long ? ',\r\n' : ','
    return `${inner}${JSON.stringify(name)}: ${written(one, inner)}${end}`
  })
  return `{\r\n${lines.join('\r\n')}\r\n${indent}}`
}

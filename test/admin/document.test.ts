// docs/admin.md says what the ways and the schemas of the admin interface say, and what it answers is what they say.
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { expect, test } from 'vitest'
import { openApi } from '../../sidecar/admin/openapi.ts'
import { answers, refusal } from '../../sidecar/admin/schema.ts'
import { ways } from '../../sidecar/admin/ways.ts'
import { documentWith, table } from '../document.ts'

interface Node {
  readonly type?: string
  readonly enum?: readonly string[]
  readonly description?: string
  readonly items?: Node
  readonly properties?: Readonly<Record<string, Node>>
  readonly required?: readonly string[]
}

function typeOf({ type = '', enum: words, items }: Node): string {
  if (words) return words.map((word) => `\`${word}\``).join(', ')
  return type === 'array' && items?.type && items.type !== 'array' ? `list of ${items.type}s` : type
}

/** A row a field, those within behind it. */
function rows(node: Node, before = ''): string[][] {
  const inner = node.items?.properties ? node.items : node
  const list = node.items?.properties ? '[].' : '.'
  return Object.entries(inner.properties ?? {}).flatMap(([name, field]) => {
    const path = before === '' ? name : `${before}${list}${name}`
    const within = rows(field, path)
    const optional = inner.required?.includes(name) ? '' : ', or not there'
    if (within.length > 0 && field.description === undefined) return within
    return [[`\`${path}\``, typeOf(field) + optional, field.description ?? ''], ...within]
  })
}

const fields = (schema: GenericSchema): string =>
  table(['field', 'type', ''], rows(toJsonSchema(schema, { errorMode: 'ignore' }) as Node))

test('docs/admin.md has every way and every field', async () => {
  const list = ways.map(({ method, path, summary, query, answers: name }) => {
    const parameters = Object.keys(query).map(
      (parameter) => `\`${parameter.replace('?', '')}\`${parameter.endsWith('?') ? '' : ' (required)'}`,
    )
    return [`\`${method} ${path}\``, parameters.join(', '), `${summary}`, `[${name}](#${name})`]
  })
  const { file, text } = documentWith('admin.md', {
    ways: table(['', 'parameters', '', 'answers'], list),
    answers: Object.entries({ ...answers, refusal })
      .map(([name, schema]) => `### ${name}\n\n${fields(schema)}`)
      .join('\n')
      .concat('\n'),
  })
  await expect(text).toMatchFileSnapshot(file)
})

test('the OpenAPI document has every way, and no reference that leads nowhere', () => {
  const document = openApi() as { paths: object; components: { schemas: object } }
  expect(Object.keys(document.paths)).toEqual(ways.map(({ path }) => path))
  const references = [...JSON.stringify(document.paths).matchAll(/#\/components\/schemas\/(\w+)/g)].map(
    ([, name]) => name,
  )
  expect(new Set(references)).toEqual(new Set(Object.keys(document.components.schemas)))
})

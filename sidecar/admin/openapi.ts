// The admin interface as an OpenAPI document, for monitors and generators of clients. Runs when the package is built, and is no part of it:
// `node sidecar/admin/openapi.ts FILE` writes it.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { version } from '../version.ts'
import { answers, refusal } from './schema.ts'
import { ways, type Way } from './ways.ts'

/** The document, of OpenAPI 3.1. */
export function openApi(): object {
  const paths = Object.fromEntries(ways.map((way) => [way.path, { [way.method.toLowerCase()]: operation(way) }]))
  const info = { title: 'Sidegate: the admin interface', version: version() }
  const schemas = { ...answers, refusal }
  return {
    openapi: '3.1.0',
    info,
    paths,
    components: { schemas: Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, schemaOf(one)])) },
  }
}

function operation({ path, summary, query, answers: name }: Way): object {
  const parameters = Object.entries(query).map(([parameter, description]) => ({
    name: parameter.replace('?', ''),
    in: 'query',
    required: !parameter.endsWith('?'),
    description,
    schema: { type: 'string' },
  }))
  return {
    summary,
    operationId: path.split('/').at(-1),
    parameters,
    responses: {
      [path === '/v1/stop' ? '202' : '200']: response('It was done.', name),
      default: response('It was not done.', 'refusal'),
    },
  }
}

function response(description: string, schema: string): object {
  return { description, content: { 'application/json': { schema: { $ref: `#/components/schemas/${schema}` } } } }
}

function schemaOf(schema: GenericSchema): object {
  const { $schema: _, ...rest } = toJsonSchema(schema, { errorMode: 'ignore' })
  return rest
}

const [, started, file] = process.argv
if (file !== undefined && started !== undefined && realpathSync(started) === import.meta.filename) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(openApi(), null, 2)}\n`)
}

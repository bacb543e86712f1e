// The JSON Schema of a configuration, for editors, out of the settings of every part. Runs when the package is built, and is no part of
// it: `node sidecar/config/json-schema.ts FILE` writes it.
import { mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { toJsonSchema } from '@valibot/to-json-schema'
import type { GenericSchema } from 'valibot'
import { listenerSettings } from '../listen/settings.ts'
import { layers } from '../middleware/index.ts'
import type { MiddlewareKind } from '../middleware/middleware.ts'
import { LAYER_FILE } from '../middleware/own/kind.ts'
import { kinds } from '../mounts/index.ts'
import { DEFAULT_LISTEN, gatewaySettings } from './settings.ts'

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }
type JsonObject = { readonly [key: string]: Json }

function part(schema: GenericSchema): JsonObject {
  const { $schema: _, ...rest } = toJsonSchema(schema, { typeMode: 'input', errorMode: 'ignore' }) as unknown as {
    $schema: Json
  }
  return withVariables(rest) as JsonObject
}

/** In a file a number, true and false may also come from the environment: `"${PROCESSES:-4}"`. */
function withVariables(json: Json): Json {
  if (json === null || typeof json !== 'object') return json
  if (Array.isArray(json)) return json.map(withVariables)
  const object = json as JsonObject
  const walked = Object.fromEntries(Object.entries(object).map(([key, value]) => [key, withVariables(value)]))
  if (object.type !== 'number' && object.type !== 'integer' && object.type !== 'boolean') return walked
  const { description, default: initial, ...inner } = walked
  return {
    anyOf: [inner, { type: 'string', pattern: '\\$\\{.+\\}' }],
    ...(description !== undefined && { description }),
    ...(initial !== undefined && { default: initial }),
  }
}

/** The schema, for draft 7. */
export function configSchema(): JsonObject {
  const { properties } = part(gatewaySettings)
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'Sidegate configuration',
    type: 'object',
    required: ['mounts'],
    additionalProperties: false,
    properties: {
      $schema: { type: 'string' },
      listen: {
        description: 'Where to listen.',
        default: [DEFAULT_LISTEN],
        type: 'array',
        minItems: 1,
        items: { anyOf: [{ type: 'string', description: 'An address.' }, part(listenerSettings)] },
      },
      mounts: {
        description: 'What is served where: a prefix (/shop), a host name, or both (example.com/shop).',
        type: 'object',
        minProperties: 1,
        additionalProperties: {
          anyOf: kinds.map(({ summary, settings }) => withLayers({ description: summary, ...part(settings) })),
        },
      },
      use: { $ref: '#/definitions/use' },
      ...(properties as JsonObject),
    },
    definitions: {
      use: {
        description: 'The layers in front, the first outermost.',
        type: 'array',
        items: { anyOf: [{ enum: layers.map(({ name }) => name) }, ...layers.map(layerSchema), ...OWN_LAYER] },
      },
    },
  }
}

/** The file of a layer, alone or with its settings. */
const OWN_LAYER: readonly JsonObject[] = [
  { description: 'The file of a layer, such as ./my-layer.ts.', type: 'string', pattern: LAYER_FILE },
  {
    description: 'The file of a layer with its settings.',
    type: 'object',
    minProperties: 1,
    maxProperties: 1,
    additionalProperties: false,
    patternProperties: { [LAYER_FILE]: { type: 'object' } },
  },
]

function withLayers(mount: JsonObject): JsonObject {
  return { ...mount, properties: { ...(mount.properties as JsonObject), use: { $ref: '#/definitions/use' } } }
}

/** A group with the name of the layer as its one key. */
function layerSchema({ name, summary, settings, short }: MiddlewareKind): JsonObject {
  const group = part(settings)
  const one = short === undefined ? undefined : (group.properties as JsonObject)[short]
  return {
    description: summary,
    type: 'object',
    required: [name],
    additionalProperties: false,
    properties: { [name]: one === undefined ? group : { anyOf: [group, one] } },
  }
}

const [, script, file] = process.argv
if (file !== undefined && script !== undefined && realpathSync(script) === import.meta.filename) {
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(configSchema(), undefined, 2)}\n`)
}

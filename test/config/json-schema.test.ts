// The JSON Schema that editors use: it names every setting, and takes variables where a number is wanted.
import { expect, test } from 'vitest'
import { settingsOf } from '../../sidecar/config/describe.ts'
import { configSchema } from '../../sidecar/config/json-schema.ts'
import { gatewaySettings } from '../../sidecar/config/settings.ts'
import { layers } from '../../sidecar/middleware/index.ts'
import { kinds } from '../../sidecar/mounts/index.ts'

interface Node {
  readonly properties: Record<string, Node>
  readonly anyOf: readonly Node[]
  readonly additionalProperties: Node
  readonly definitions: Record<string, Node>
  readonly items: Node
  readonly required: readonly string[]
  readonly [key: string]: unknown
}

const schema = configSchema() as unknown as Node

test('every setting of the gateway and of each kind of mount is in it, unknown ones are refused', () => {
  expect(Object.keys(schema.properties)).toEqual([
    '$schema',
    'listen',
    'mounts',
    'use',
    ...Object.keys(gatewaySettings.entries),
  ])
  expect(schema.additionalProperties).toBe(false)
  const mounts = schema.properties.mounts!.additionalProperties.anyOf
  expect(mounts.map(({ properties }) => Object.keys(properties))).toEqual(
    kinds.map(({ settings }) => [...settingsOf(settings).map(({ name }) => name), 'use']),
  )
  for (const mount of mounts) expect(mount.additionalProperties).toBe(false)
})

test('every setting is described', () => {
  const all = kinds.flatMap(({ settings, kind }) => settingsOf(settings).map((one) => ({ ...one, kind })))
  expect(all.filter(({ description }) => !description.endsWith('.'))).toEqual([])
})

test('every layer is in it, with its settings', () => {
  const [names, ...groups] = schema.definitions.use!.items.anyOf
  expect(names).toEqual({ enum: layers.map(({ name }) => name) })
  const built = groups.filter(({ required }) => required !== undefined)
  expect(built.map(({ required }) => required)).toEqual(layers.map(({ name }) => [name]))
  // Those of users, by their files.
  expect(groups.length - built.length).toBe(2)
  const all = layers.flatMap(({ settings, name }) => settingsOf(settings).map((one) => ({ ...one, name })))
  expect(all.filter(({ description }) => !description.endsWith('.'))).toEqual([])
})

test('a number may come from the environment', () => {
  expect(schema.properties.drainTimeout).toEqual({
    anyOf: [
      { type: 'number', minimum: 0, maximum: 1_000_000 },
      { type: 'string', pattern: '\\$\\{.+\\}' },
    ],
    default: 30,
    description: expect.any(String),
  })
})

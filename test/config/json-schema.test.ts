// The JSON Schema that editors use: it names every setting, and takes variables where a number is wanted.
import { expect, test } from 'vitest'
import { settingsOf } from '../../sidecar/config/describe.ts'
import { configSchema } from '../../sidecar/config/json-schema.ts'
import { gatewaySettings } from '../../sidecar/config/settings.ts'
import { kinds } from '../../sidecar/mounts/index.ts'

interface Node {
  readonly properties: Record<string, Node>
  readonly anyOf: readonly Node[]
  readonly additionalProperties: Node
  readonly [key: string]: unknown
}

const schema = configSchema() as unknown as Node

test('every setting of the gateway and of each kind of mount is in it, unknown ones are refused', () => {
  expect(Object.keys(schema.properties)).toEqual([
    '$schema',
    'listen',
    'mounts',
    ...Object.keys(gatewaySettings.entries),
  ])
  expect(schema.additionalProperties).toBe(false)
  const mounts = schema.properties.mounts!.additionalProperties.anyOf
  expect(mounts.map(({ properties }) => Object.keys(properties))).toEqual(
    kinds.map(({ settings }) => settingsOf(settings).map(({ name }) => name)),
  )
  for (const mount of mounts) expect(mount.additionalProperties).toBe(false)
})

test('every setting is described', () => {
  const all = kinds.flatMap(({ settings, kind }) => settingsOf(settings).map((one) => ({ ...one, kind })))
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

// Reads settings out of their schemas: what help, docs and checks of keys are made from.
import * as v from 'valibot'

/** One setting. */
export interface Setting {
  readonly name: string
  readonly description: string
  /** For people: `text`, `number`, `"text" or "json"`, `list of text`. */
  readonly type: string
  readonly required: boolean
  /** Undefined when there is none. */
  readonly default: unknown
  /** The settings inside, when it is a group of them, or a list of groups. */
  readonly settings: readonly Setting[]
}

/** The parts of a valibot schema that are looked at here. */
interface Node {
  readonly type: string
  readonly entries?: Readonly<Record<string, v.GenericSchema>>
  readonly wrapped?: v.GenericSchema
  readonly item?: v.GenericSchema
  readonly items?: readonly v.GenericSchema[]
  readonly value?: v.GenericSchema
  readonly options?: readonly unknown[]
  readonly literal?: unknown
}

const nodeOf = (schema: v.GenericSchema): Node => schema as unknown as Node

const OPTIONAL: ReadonlySet<string> = new Set(['optional', 'exact_optional', 'nullish', 'undefinedable'])

/** The schema inside optional and the like. */
function unwrap(schema: v.GenericSchema): v.GenericSchema {
  const { wrapped } = nodeOf(schema)
  return wrapped ? unwrap(wrapped) : schema
}

/** The settings of an object's schema, in the order in which they are declared. */
export function settingsOf(schema: v.GenericSchema): Setting[] {
  return Object.entries(nodeOf(unwrap(schema)).entries ?? {}).map(([name, entry]) => ({
    name,
    description: v.getDescription(entry) ?? v.getDescription(unwrap(entry)) ?? '',
    type: typeOf(entry),
    required: !OPTIONAL.has(nodeOf(entry).type),
    default: defaultOf(entry),
    settings: settingsOf(nodeOf(unwrap(entry)).item ?? entry),
  }))
}

/** Whether an object's schema has a setting of this name. */
export function hasSetting(schema: v.GenericSchema, name: string): boolean {
  return Object.hasOwn(nodeOf(unwrap(schema)).entries ?? {}, name)
}

function defaultOf(schema: v.GenericSchema): unknown {
  return OPTIONAL.has(nodeOf(schema).type) ? v.getDefault(schema as Parameters<typeof v.getDefault>[0]) : undefined
}

function typeOf(schema: v.GenericSchema): string {
  const inner = unwrap(schema)
  const node = nodeOf(inner)
  switch (node.type) {
    case 'string':
      return 'text'
    case 'boolean':
      return 'true or false'
    case 'picklist':
      return (node.options ?? []).map((option) => JSON.stringify(option)).join(' or ')
    case 'literal':
      return JSON.stringify(node.literal)
    case 'array':
      return `list of ${node.item ? typeOf(node.item) : 'values'}`
    case 'tuple':
    case 'strict_tuple':
      return `[${(node.items ?? []).map(typeOf).join(', ')}]`
    case 'record':
      return `keys with ${node.value ? typeOf(node.value) : 'values'}`
    case 'union':
    case 'variant':
      return [...new Set((node.options as v.GenericSchema[]).map(typeOf))].join(' or ')
    default:
      return node.type.endsWith('object') ? 'settings' : node.type
  }
}

/** The schema of the one group of settings that a value may be; undefined when there is none or more than one. */
export function groupOf(schema: v.GenericSchema): v.GenericSchema | undefined {
  const inner = unwrap(schema)
  const node = nodeOf(inner)
  if (node.entries) return inner
  if (node.type !== 'union') return undefined
  const groups = (node.options as v.GenericSchema[]).filter((option) => nodeOf(unwrap(option)).entries)
  return groups.length === 1 ? unwrap(groups[0]!) : undefined
}

/** An unknown key of an object, with those that are known in its place. */
export interface UnknownKey {
  readonly path: readonly (string | number)[]
  readonly known: readonly string[]
}

/** Every key of `value`, at any depth, that its schema does not have. */
export function unknownKeys(
  schema: v.GenericSchema,
  value: unknown,
  path: readonly (string | number)[] = [],
): UnknownKey[] {
  if (value === null || typeof value !== 'object') return []
  const inner = unwrap(schema)
  const { item, type, value: inside } = nodeOf(inner)
  if (Array.isArray(value)) {
    return item ? value.flatMap((element, index) => unknownKeys(item, element, [...path, index])) : []
  }
  if (type === 'record' && inside) {
    return Object.entries(value).flatMap(([key, element]) => unknownKeys(inside, element, [...path, key]))
  }
  const entries = nodeOf(groupOf(inner) ?? inner).entries
  if (!entries) return []
  const known = Object.keys(entries)
  return Object.entries(value).flatMap(([key, element]) => {
    const entry = Object.hasOwn(entries, key) ? entries[key] : undefined
    return entry ? unknownKeys(entry, element, [...path, key]) : [{ path: [...path, key], known }]
  })
}

// Which kind of mount a TypeScript or JavaScript module is, by what it exports: properties that frameworks are known by, and the names
// that WSGI has; each kind says its own. A bare function is none of these: it could be an app, a Node handler or a Fetch handler, so it is
// not guessed.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../errors.ts'
import type { KnownExports, Properties } from '../mounts/bare-target.ts'
import { loadTarget, splitTargetName } from '../mounts/load.ts'
import type { MountKind } from '../mounts/mount.ts'
import { aliasUnitHttp } from '../mounts/unit-http/alias.ts'
import { listeningOf } from '../mounts/unit-http/listening.ts'

/** Looked at when there is no default export, in this order. */
const NAMES: readonly string[] = ['application', 'app', 'handler', 'fetch', 'server']

/** A rule: `has` looks at the export. */
interface Rule {
  readonly kind: string
  readonly because: string
  has(value: Properties, name: string): boolean
}

/** A kind that modules can be. */
interface ModuleKind {
  readonly kind: string
  readonly exports: KnownExports
}

/** The kinds that a module can be. */
export function moduleKinds(kinds: readonly MountKind[]): ModuleKind[] {
  return kinds.flatMap(({ kind, exports }) => (exports ? [{ kind, exports }] : []))
}

/** What tells them apart; the first rule that holds counts. docs/cli.md shows this table. */
export function moduleRules(kinds: readonly MountKind[]): Rule[] {
  const known = moduleKinds(kinds)
  const shapes = known.flatMap(({ kind, exports }) => exports.shapes.map((shape): Rule => ({ kind, ...shape })))
  const named = known.flatMap(({ kind, exports: { names } }): Rule[] => {
    if (!names) return []
    return [{ kind, because: names.because, has: (value, name) => value.callable && names.words.includes(name) }]
  })
  return [...shapes, ...named]
}

/**
 * The kind of a module, and why.
 * @param text `./hello.ts` or `./hello.ts#name`
 * @throws {ConfigError} TARGET_AMBIGUOUS for a bare function, TARGET_UNKNOWN for what nobody can run; those of loadTarget
 */
export async function kindOfModule(
  text: string,
  cwd: string,
  kinds: readonly MountKind[],
): Promise<{ kind: string; value: string; because: string }> {
  const rules = moduleRules(kinds)
  const known = moduleKinds(kinds)
  const isHandler = (object: object): boolean => rules.some(({ has }) => has(propertiesOf(object), ''))
  const loaded = await load(text, cwd, isHandler)
  if (!loaded) return { kind: 'node', value: text, because: 'it is written for NGINX Unit, with a server of unit-http' }
  const { exported } = loaded
  const name = await nameOf(exported, text, cwd)
  const callable = typeof exported === 'function'
  if (callable || (typeof exported === 'object' && exported !== null)) {
    const value = propertiesOf(exported)
    const rule = rules.find(({ has }) => has(value, name))
    if (rule) return { kind: rule.kind, value: text, because: rule.because }
    for (const { exports } of known) {
      const what = exports.nearly?.(value)
      if (what !== undefined) throw new ConfigError('TARGET_UNKNOWN', text, what)
    }
  }
  if (callable) {
    const candidates = known.map(({ kind }) => `${kind}:${text}`)
    const could = known.map(({ exports }) => exports.plain)
    const message =
      `its ${name} export is a plain function, which could be ${could.slice(0, -1).join(', ')} or ${could.at(-1)}: ` +
      `write ${candidates.join(' or ')}`
    throw new ConfigError('TARGET_AMBIGUOUS', text, message)
  }
  const what = exported === null ? 'null' : typeof exported
  throw new ConfigError(
    'TARGET_UNKNOWN',
    text,
    `its ${name} export is ${what === 'object' ? 'an object' : what} that no kind of mount can run`,
  )
}

/** The export that counts; undefined for an app of NGINX Unit, which has none, or has told a server to listen beside it. */
async function load(
  text: string,
  cwd: string,
  isHandler: (object: object) => boolean,
): Promise<Awaited<ReturnType<typeof loadTarget>> | undefined> {
  aliasUnitHttp()
  const { file, name } = splitTargetName(text)
  const unit = listeningOf(resolve(cwd, file))
  try {
    const loaded = await loadTarget(text, { path: text, directory: cwd }, NAMES, { isHandler })
    return name === undefined && unit.server ? undefined : loaded
  } catch (error) {
    const isSilent = error instanceof ConfigError && error.code === 'TARGET_EXPORT' && name === undefined
    if (isSilent && (unit.server || unit.isExpected)) return undefined
    throw error
  }
}

/** Through a proxy, so that methods of classes count and nothing is copied. */
function propertiesOf(exported: object): Properties {
  const callable = typeof exported === 'function'
  return new Proxy(exported as Record<string, unknown>, {
    get: (target, key) => (key === 'callable' ? callable : Reflect.get(target, key)),
  }) as Properties
}

/** The name under which the module exports what was chosen: the one asked for, one that WSGI knows, or `default`. */
async function nameOf(exported: unknown, text: string, cwd: string): Promise<string> {
  const { file, name } = splitTargetName(text)
  if (name !== undefined) return name
  const module = (await import(pathToFileURL(resolve(cwd, file)).href)) as Record<string, unknown>
  const places = [module, module.default].filter((place) => typeof place === 'object' || typeof place === 'function')
  for (const candidate of NAMES) {
    if (places.some((place) => (place as Record<string, unknown> | null)?.[candidate] === exported)) return candidate
  }
  return 'default'
}

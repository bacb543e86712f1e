// Which kind of mount a TypeScript or JavaScript module is, by what it exports: properties that frameworks are known by, and the names
// that WSGI has. A bare function is none of these: it could be an app, a Node handler or a Fetch handler, so it is not guessed.
import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ConfigError } from '../errors.ts'
import { loadTarget, splitTargetName } from '../mounts/load.ts'

/** Looked at when there is no default export, in this order. */
const NAMES: readonly string[] = ['application', 'app', 'handler', 'fetch', 'server']

/** A rule: `has` looks at the export. */
interface Rule {
  readonly kind: string
  readonly because: string
  has(value: Properties, name: string): boolean
}

type Properties = Readonly<Record<string, unknown>> & { readonly callable: boolean }

const method = (value: Properties, name: string): boolean => typeof value[name] === 'function'

/** The first rule that holds counts. docs/cli.md shows this table. */
export const MODULE_RULES: readonly Rule[] = [
  {
    kind: 'fetch',
    because: 'the export has a method fetch, as apps of Hono have',
    has: (value) => method(value, 'fetch'),
  },
  {
    kind: 'node',
    because: 'the export is a function with handle and use, as apps of Express and Connect are',
    has: (value) => value.callable && method(value, 'handle') && method(value, 'use'),
  },
  {
    kind: 'node',
    because: 'the export has the methods routing and ready, as instances of Fastify have',
    has: (value) => method(value, 'routing') && method(value, 'ready'),
  },
  {
    kind: 'node',
    because: 'the export has listeners and listen, as an http.Server has',
    has: (value) =>
      !value.callable && method(value, 'listeners') && method(value, 'listen') && !method(value, 'callback'),
  },
  {
    kind: 'fetch',
    because: 'the export is a function called fetch',
    has: (value, name) => value.callable && name === 'fetch',
  },
  {
    kind: 'app',
    because: 'the export is a function called application or app, the names that WSGI has',
    has: (value, name) => value.callable && (name === 'application' || name === 'app'),
  },
]

/**
 * The kind of a module, and why.
 * @param text `./hello.ts` or `./hello.ts#name`
 * @throws {ConfigError} TARGET_AMBIGUOUS for a bare function, TARGET_UNKNOWN for what nobody can run; those of loadTarget
 */
export async function kindOfModule(
  text: string,
  cwd: string,
): Promise<{ kind: string; value: string; because: string }> {
  const isHandler = (object: object): boolean => MODULE_RULES.some(({ has }) => has(propertiesOf(object), ''))
  const { exported } = await loadTarget(text, { path: text, directory: cwd }, NAMES, { isHandler })
  const name = await nameOf(exported, text, cwd)
  const callable = typeof exported === 'function'
  if (callable || (typeof exported === 'object' && exported !== null)) {
    const value = propertiesOf(exported)
    const rule = MODULE_RULES.find(({ has }) => has(value, name))
    if (rule) return { kind: rule.kind, value: text, because: rule.because }
    if (!callable && method(value, 'callback') && method(value, 'use')) {
      throw new ConfigError('TARGET_UNKNOWN', text, 'this is a Koa app: export app.callback() and write node: in front')
    }
  }
  if (callable) {
    const candidates = ['app', 'node', 'fetch'].map((kind) => `${kind}:${text}`)
    const message =
      `its ${name} export is a plain function, which could be an app (environ, startResponse), a Node handler (req, res) ` +
      `or a Fetch handler (request): write ${candidates.join(' or ')}`
    throw new ConfigError('TARGET_AMBIGUOUS', text, message)
  }
  const what = exported === null ? 'null' : typeof exported
  throw new ConfigError(
    'TARGET_UNKNOWN',
    text,
    `its ${name} export is ${what === 'object' ? 'an object' : what} that no kind of mount can run`,
  )
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

// The mount `app`: an app with the WSGI interface (docs/interface.md), in this process.
import * as v from 'valibot'
import { seconds } from '../quantity.ts'
import { ConfigError } from '../errors.ts'
import { nameOf } from '../interface/chunk.ts'
import { lint as lintApplication } from '../interface/lint.ts'
import { runApplication } from '../interface/run.ts'
import type { Application } from '../interface/types.ts'
import { LOAD_TIMEOUT, loadTarget } from './load.ts'
import type { MountContext, MountKind } from './mount.ts'
import { checkTarget } from './syntax.ts'

const settings = v.strictObject({
  app: v.pipe(
    v.string(),
    v.description(
      'The module of the app, with #name for one of its exports (else: default, app, application): a function ' +
        '(environ, startResponse) that returns the body.',
    ),
  ),
  lint: v.pipe(
    v.optional(v.boolean()),
    v.description(
      'Checks every request and response against the specification of the interface, and fails what breaks it. On by default only ' +
        'where NODE_ENV is development or test: a production server whose NODE_ENV nobody set must neither pay for it nor refuse what worked.',
    ),
  ),
  loadTimeout: seconds(LOAD_TIMEOUT / 1000, 'Seconds the module may take to load.', 0.001),
})

/** Whether apps are linted where no setting says so. */
export function lintByDefault(environment: string | undefined = process.env.NODE_ENV): boolean {
  return environment === 'development' || environment === 'test'
}

/** @throws {ConfigError} APP_SHAPE */
function toApplication(exported: unknown, path: string, target: string): Application {
  if (typeof exported === 'function') return exported as Application
  const hasFetch = typeof (exported as { fetch?: unknown } | null | undefined)?.fetch === 'function'
  const hint = hasFetch ? '; it has a method fetch: mount it as fetch, not as app' : ''
  const message = `${target} exports ${nameOf(exported)}, not a function (environ, startResponse)${hint}`
  throw new ConfigError('APP_SHAPE', path, message)
}

export const app: MountKind<typeof settings> = {
  kind: 'app',
  summary: 'An app with the WSGI interface for TypeScript.',
  settings,
  loads: true,
  exports: {
    plain: 'an app (environ, startResponse)',
    shapes: [],
    names: {
      words: ['application', 'app'],
      because: 'the export is a function called application or app, the names that WSGI has',
    },
  },
  create({ app: target, lint = lintByDefault(), loadTimeout }, context: MountContext) {
    const surroundings = { log: context.log, multiprocess: false }
    let application: Application | undefined
    return {
      check: () => checkTarget(target, context, 'app'),
      async open() {
        const options = { setting: 'app', timeout: loadTimeout * 1000 }
        const { exported } = await loadTarget(target, context, ['app', 'application'], options)
        const loaded = toApplication(exported, `${context.path}.app`, target)
        application = lint ? lintApplication(loaded) : loaded
      },
      handle(exchange) {
        return runApplication(application!, exchange, surroundings)
      },
      async close() {
        application = undefined
      },
    }
  },
}

// An application of type external that is a script of Node.js → a `node` mount, in which `unit-http` is what it was.
import type { AppContext } from './group.ts'
import { commonSettings, placedIn } from './common.ts'
import type { Site } from './target.ts'

/** The script is the last word that is one: loaders and options stand before it. */
export function externalMount(context: AppContext, { base }: Site): Readonly<Record<string, unknown>> {
  const { app, name, told, to } = context
  const words = [app.executable, ...((app.arguments as unknown[] | undefined) ?? [])].map(String)
  const script = words.findLast((word) => /\.[cm]?[jt]s$/.test(word))!
  told.carried(['applications', name, 'executable'], to('node'))
  if (app.arguments !== undefined)
    told.changed(
      ['applications', name, 'arguments'],
      to('node'),
      'only the script of them: loaders of unit-http are not needed',
    )
  if (app.working_directory !== undefined)
    told.changed(
      ['applications', name, 'working_directory'],
      to('node'),
      'where its script is looked for; it runs in the folder of the configuration',
    )
  return {
    node: placedIn(context, script),
    ...(base !== '' && { keepPrefix: true }),
    ...commonSettings(context, 'recycle.requests'),
  }
}

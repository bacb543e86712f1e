// The web.config of a site that is plugged in by FastCGI; and what every other one has of it.
import { commandLine, type IisPlan } from './plan.ts'
import { sharedHandlers, sharedRules } from './shared.ts'
import { attribute, block, element, remarks } from './words.ts'

export const DOCUMENT = '<?xml version="1.0" encoding="UTF-8"?>'

/** What stands in every web.config: the app answers, whatever it is asked. */
export const answers: readonly string[] = [
  ...remarks("Error pages are the app's; else IIS puts its own in their place."),
  element('httpErrors', { existingResponse: 'PassThrough' }),
  ...remarks('Whether responses are compressed is between client and app.'),
  element('urlCompression', { doDynamicCompression: 'false', doStaticCompression: 'true' }),
  ...block('security', [
    ...remarks(
      'A + or a % in a path is the business of the app (404.11 by itself); Sidegate decodes once. Uploads: 100 MB (404.13 above 30 MB by itself).',
    ),
    ...block('requestFiltering allowDoubleEscaping="true"', [
      element('requestLimits', { maxAllowedContentLength: '104857600' }),
    ]),
  ]),
]

/** WebDAV answers PUT and DELETE by itself (405) where it is installed. */
export const noWebDav: readonly string[] = [
  ...remarks('WebDAV would answer PUT and DELETE by itself, with 405.'),
  ...block('modules', [element('remove', { name: 'WebDAVModule' })]),
]

/** web.config */
export function webConfig(plan: IisPlan): string[] {
  const notes = plan.shared.map(
    ({ of, path }) => `${of}, of which IIS can send static files itself (${path}), by static.web.config.`,
  )
  return document(plan, notes, [], [])
}

/** static.web.config; undefined: there are no folders of scripts that it would be for. */
export function staticWebConfig(plan: IisPlan): string[] | undefined {
  const { shared } = plan
  if (shared.length === 0) return undefined
  const notes = [
    'In the place of web.config, where URL Rewrite is installed and install.ps1 was run with -StaticFiles: IIS sends static files beside scripts itself.',
    'Only where nobody can make links (symbolic ones, junctions) in these folders who may not read what IIS may: IIS follows them wherever they lead.',
    'Those that were there when this was written are asked of Sidegate, as are scripts and uploads, and what is not handed out. After new links, write it again.',
  ]
  const places = shared.flatMap((folder) =>
    block(
      `location path="${folder.prefix}"`,
      block('system.webServer', [
        ...remarks(`A virtual directory of ${folder.path}: where the rules above lead.`),
        ...sharedHandlers(folder),
      ]),
    ),
  )
  return document(plan, notes, sharedRules(shared), places)
}

function document(
  plan: IisPlan,
  more: readonly string[],
  rules: readonly string[],
  places: readonly string[],
): string[] {
  const { node, words, folders, place, notes } = plan
  const processor = `${node}|${commandLine(words)}`
  const statics = folders.flatMap(({ prefix, path }) =>
    block(
      `location path="${attribute(prefix)}"`,
      block('system.webServer', [
        ...remarks(`Files, left to IIS: a virtual directory ${prefix} of ${path} (install.ps1 makes it).`),
        ...block('handlers', [
          element('clear', {}),
          element('add', {
            name: 'StaticFile',
            path: '*',
            verb: 'GET,HEAD',
            modules: 'StaticFileModule,DefaultDocumentModule',
            resourceType: 'Either',
            requireAccess: 'Read',
          }),
        ]),
      ]),
    ),
  )
  return [
    DOCUMENT,
    ...remarks(
      `IIS in front of Sidegate, by FastCGI to ${place}.`,
      'For the folder of the site or application. Written by `sidegate plug iis`: run it again after a change of listeners or mounts.',
      ...notes,
      ...more,
    ),
    ...block('configuration', [
      ...block('system.webServer', [
        ...rules,
        ...block('handlers', [
          ...remarks(
            'Everything goes to Sidegate. scriptProcessor is fullPath|arguments of the FastCGI application, to the letter (else 500.0, 0x80070585).',
            'responseBufferLimit 0: every piece of a response goes on at once (4 MB are collected by itself).',
          ),
          element('clear', {}),
          element('add', {
            name: 'sidegate',
            path: '*',
            verb: '*',
            modules: 'FastCgiModule',
            scriptProcessor: processor,
            resourceType: 'Unspecified',
            requireAccess: 'Script',
            responseBufferLimit: '0',
          }),
        ]),
        ...noWebDav,
        ...answers,
      ]),
      ...statics,
      ...places,
    ]),
  ]
}

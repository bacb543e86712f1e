// The files beside scripts that IIS can send itself, where URL Rewrite is installed: those that are there, of types that are never source. A rule
// leads to a virtual directory of the folder, in which nothing else has a handler.
import { attribute, block, element, remarks } from './words.ts'
import { literal } from '../../sidecar/literal.ts'

/** A folder of scripts, of which IIS can send what is none. */
export interface SharedFolder {
  /** Of the virtual directory. */
  readonly prefix: string
  readonly path: string
  /** Key and kind of the mount, for people. */
  readonly of: string
  /** Without a slash at its end. */
  readonly mounted: string
  /** As of `sharedPart`. */
  readonly withheld: string
  readonly maxAge: number
}

/** Names of virtual directories of such folders begin so; clients cannot ask for one. */
export const SHARED_PLACE = 'sidegate-files-'

/** What IIS sends of a folder of scripts; it knows not all of these types by itself. */
const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  css: 'text/css',
  eot: 'application/vnd.ms-fontobject',
  gif: 'image/gif',
  ico: 'image/vnd.microsoft.icon',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  js: 'text/javascript',
  mjs: 'text/javascript',
  mp3: 'audio/mpeg',
  mp4: 'video/mp4',
  otf: 'font/otf',
  png: 'image/png',
  ttf: 'font/ttf',
  webm: 'video/webm',
  webp: 'image/webp',
  woff: 'font/woff',
  woff2: 'font/woff2',
}

/** No dot at an end, no tilde, no colon, no blank: no other name of a file that Windows would find too. */
const SEGMENT = String.raw`[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*`
const FILE = String.raw`(?:${SEGMENT}/)*${SEGMENT}\.(?:${Object.keys(TYPES).join('|')})`

/** The rules, for `<system.webServer>`. */
export function sharedRules(folders: readonly SharedFolder[]): string[] {
  return block(
    'rewrite',
    block('rules', [
      ...remarks('Nobody asks for these places but the rules behind this one.'),
      ...block('rule name="sidegate-files" stopProcessing="true"', [
        element('match', { url: String.raw`(?:^|[/\\])${literal(SHARED_PLACE)}` }),
        element('action', { type: 'CustomResponse', statusCode: '404', statusReason: 'Not Found' }),
      ]),
      ...folders.flatMap(ruleFor),
    ]),
  )
}

function ruleFor({ of, prefix, path, mounted, withheld }: SharedFolder): string[] {
  const below = mounted === '' ? '' : `${mounted.slice(1)}/`
  return [
    ...remarks(`${of}: files of ${path} that are there, but for what Sidegate is to be asked for.`),
    ...block(`rule name="${attribute(prefix)}" stopProcessing="true"`, [
      element('match', { url: `^${literal(below)}(${FILE})$`, ignoreCase: 'false' }),
      ...block('conditions', [
        element('add', { input: '{REQUEST_METHOD}', pattern: '^(?:GET|HEAD)$', ignoreCase: 'false' }),
        element('add', { input: '/{R:0}', pattern: withheld, negate: 'true' }),
        element('add', { input: `${path}\\{R:1}`, matchType: 'IsFile' }),
      ]),
      element('action', { type: 'Rewrite', url: `${prefix}/{R:1}` }),
    ]),
  ]
}

/** What is sent from the virtual directory of a folder, for `<system.webServer>` of its place. */
export function sharedHandlers({ maxAge }: SharedFolder): string[] {
  return [
    ...block('handlers', [
      element('clear', {}),
      ...Object.keys(TYPES).map((extension) =>
        element('add', {
          name: `StaticFile-${extension}`,
          path: `*.${extension}`,
          verb: 'GET,HEAD',
          modules: 'StaticFileModule',
          resourceType: 'File',
          requireAccess: 'Read',
        }),
      ),
    ]),
    ...block('staticContent', [
      element('clientCache', { cacheControlMode: 'UseMaxAge', cacheControlMaxAge: timeSpan(maxAge) }),
      ...Object.entries(TYPES).flatMap(([extension, mimeType]) => [
        element('remove', { fileExtension: `.${extension}` }),
        element('mimeMap', { fileExtension: `.${extension}`, mimeType }),
      ]),
    ]),
  ]
}

/** Seconds as IIS writes them: days, then hours, minutes and seconds. */
function timeSpan(seconds: number): string {
  const parts = [Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60, seconds % 60]
  return `${Math.floor(seconds / 86_400)}.${parts.map((part) => String(part).padStart(2, '0')).join(':')}`
}

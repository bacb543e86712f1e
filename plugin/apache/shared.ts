// The files beside scripts that Apache sends itself: those that are there, by mod_rewrite, which comes before ProxyPass.
import type { SharedFiles } from '../../sidecar/served-folder.ts'
import type { PlacedMount } from '../mounts.ts'
import { remark } from '../plan.ts'
import { innerPrefixes, sharingMounts, withheldPattern } from '../shared.ts'
import { quoted, section } from './words.ts'
import { withoutTrailing } from '../../sidecar/trailing.ts'
import { literal } from '../../sidecar/literal.ts'

/** mod_rewrite finds variables, captures and queries in other characters. */
const PLAIN_FOLDER = /^\/[\w./+@,=-]+$/
const PLAIN_PATH = '/[\\w./@+,=()~ -]+'

/** What the modules below are for. */
export const sharedModules: readonly string[] = ['rewrite', 'mime', 'headers']

/**
 * The lines for a virtual host; none where there is nothing to send. With mounts for one host alone, Sidegate knows best which of them a
 * request is for.
 */
export function sharedLines(mounts: readonly PlacedMount[]): string[] {
  return sharingMounts(mounts).flatMap((mount) => {
    const { shared } = mount
    const folder = shared && withoutTrailing(shared.path, '/')
    return shared && folder && PLAIN_FOLDER.test(folder) && isWritable(mount)
      ? linesFor(mount, shared, folder, mounts)
      : []
  })
}

function linesFor(
  mount: PlacedMount,
  { maxAge }: SharedFiles,
  folder: string,
  mounts: readonly PlacedMount[],
): string[] {
  const { key, kind, prefix } = mount
  const inner = innerPrefixes(mount, mounts)
  const condition = (...words: string[]): string => ['RewriteCond', ...words].join(' ')
  const uri = argument('%{REQUEST_URI}')
  return [
    remark(`${key}: ${kind}, of which Apache sends static files itself (${folder})`),
    'RewriteEngine On',
    condition(argument('%{REQUEST_METHOD}'), argument('^(?:GET|HEAD)$')),
    '# Scripts and uploads, and what is not handed out (source, settings, dumps, hidden files), are asked of Sidegate.',
    condition(uri, argument(`!${withheldPattern(mount)}`), '[NC]'),
    condition(uri, argument('!//')),
    ...inner.map((other) => condition(uri, argument(`!^${literal(other)}(?:/|$)`))),
    condition(argument(`${folder}$1`), '-f'),
    '# Not where a symbolic link is on the way, or something else is in it: Sidegate decides.',
    condition(argument(`${folder}$1`), '-F'),
    `RewriteRule ${argument(`^${literal(prefix)}(${PLAIN_PATH})$`)} ${argument(`${folder}$1`)} [END]`,
    ...section('Directory', quoted(folder), [
      'AllowOverride None',
      'Options None',
      'Require all granted',
      'AddDefaultCharset utf-8',
      `Header set Cache-Control ${quoted(`public, max-age=${maxAge}`)}`,
    ]),
    '',
  ]
}

/** mod_rewrite takes what stands between quotes as it is, and has no way to write a quote. */
function argument(text: string): string {
  return `"${text}"`
}

function isWritable(mount: PlacedMount): boolean {
  return !/["\r\n]|[$%]\{/.test(mount.prefix + withheldPattern(mount))
}

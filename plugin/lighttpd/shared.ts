// The files beside scripts that lighttpd sends itself: those that are there. For what it does not find, the request begins anew with a header
// by which it goes to Sidegate: lighttpd has no other way to ask somebody else.
import { remark } from '../plan.ts'
import type { PlacedMount } from '../mounts.ts'
import { sharedPart, sharingMounts, unsharedNote } from '../shared.ts'
import { block, string } from './words.ts'
import { literal } from '../../sidecar/literal.ts'

/** What the lines below are for. A file is looked for where mod_alias has led, so that comes first. */
const MODULES = ['mod_alias', 'mod_rewrite', 'mod_setenv', 'mod_expire']
const HEADER = 'X-Sidegate-Asked'

/** Lines, and the modules that they need. */
export interface SharedLines {
  readonly modules: readonly string[]
  readonly lines: readonly string[]
}

/** @param directive that which hands requests over, such as `scgi.server` */
export function sharedLines(mounts: readonly PlacedMount[], directive: string): SharedLines {
  const parts = sharingMounts(mounts).map((mount) => partOf(mount, mounts, directive))
  if (parts.length === 0) return { modules: [], lines: [] }
  const lines = parts.flatMap((part) => ['', ...part])
  return { modules: parts.some((part) => part.length > 1) ? MODULES : [], lines }
}

function partOf(mount: PlacedMount, mounts: readonly PlacedMount[], directive: string): string[] {
  const { key, kind, prefix } = mount
  const part = sharedPart(mount, mounts)
  if (!part) return [remark(unsharedNote(mount, 'lighttpd could not be told of all links in the folder'))]
  const { folder, withheld, maxAge } = part
  if (/["\\\r\n]/.test(folder) || !isPattern(withheld)) {
    return [remark(unsharedNote(mount, "their folder cannot be written in lighttpd's config"))]
  }
  const path = `^${literal(prefix)}/(?:.*[^/])?$`
  const body = [
    `${directive} = ( )`,
    prefix === ''
      ? `server.document-root = ${string(folder)}`
      : `alias.url = ( ${string(`${prefix}/`)} => ${string(`${folder}/`)} )`,
    '# Links are asked of Sidegate, which sees where they lead; one that has come since is 403.',
    'server.follow-symlink = "disable"',
    `expire.url = ( "" => "access plus ${maxAge} seconds" )`,
    '# What is no file begins anew, as one that Sidegate is asked for. Added, not set: what set-request-header takes away stays away.',
    `setenv.add-request-header += ( "${HEADER}" => "1" )`,
    'url.rewrite-if-not-file = ( "^.*$" => "$0" )',
  ]
  return [
    remark(`${key}: ${kind}, of which lighttpd sends static files itself (${folder})`),
    ...block(
      '$HTTP["request-method"] =~ "^(?:GET|HEAD)$"',
      block(
        `$REQUEST_HEADER["${HEADER}"] == ""`,
        block(`$HTTP["url"] =~ "${path}"`, [
          '# Scripts and uploads, and what is not handed out (source, settings, dumps, hidden files), are asked of Sidegate.',
          ...block(`$HTTP["url"] !~ "(?i)${withheld}"`, body),
        ]),
      ),
    ),
  ]
}

/** A quote ends a string; a backslash in front of one would not. */
function isPattern(text: string): boolean {
  return !/["\r\n]/.test(text)
}

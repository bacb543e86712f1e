// The files beside scripts that Caddy may send itself: those that are there. A map takes the path of the file off that of the request, and leaves out
// what is asked of Sidegate. Caddy follows every link, and cannot be told otherwise: all of it is a comment until somebody says that nobody makes any.
import type { PlacedMount } from '../mounts.ts'
import { remark } from '../plan.ts'
import { sharedPart, sharingMounts, unsharedNote } from '../shared.ts'
import { block, token } from './words.ts'
import { literal } from '../../sidecar/literal.ts'

/** In others Caddy finds patterns, encodings, queries and placeholders. */
const PLAIN = String.raw`[^%?#*{}\[\]\\]`
/** Caddy takes dots and repeated slashes out of the path of a file, and looks for that. */
const DETOUR = String.raw`//|/\.|/$`

/** The lines for a site, in front of what hands requests over. */
export function sharedLines(mounts: readonly PlacedMount[]): string[] {
  return sharingMounts(mounts).flatMap((mount, index) => linesFor(mount, mounts, index))
}

function linesFor(mount: PlacedMount, mounts: readonly PlacedMount[], index: number): string[] {
  const { key, kind, prefix } = mount
  const part = sharedPart(mount, mounts)
  if (!part) return [remark(unsharedNote(mount, 'Caddy could not be told of all links in the folder'))]
  const { folder, withheld, maxAge } = part
  if (/[{}`\r\n]/.test(folder) || !isPattern(withheld) || !isPattern(prefix)) {
    return [remark(unsharedNote(mount, 'their folder cannot be written in a Caddyfile'))]
  }
  const name = `sidegate_file${index === 0 ? '' : index + 1}`
  return [
    remark(`${key}: ${kind}, of which Caddy can send static files itself (${folder})`),
    '# Take the # away in front of these lines where nobody can make symbolic links in the folder who may not read what Caddy may: Caddy follows',
    '# them wherever they lead. Those that were there when this was written are asked of Sidegate, as are scripts and uploads, and what is not',
    '# handed out (source, settings, dumps, hidden files). After new links, write it again.',
    ...commented([
      ...block(`map {path} {${name}}`, [
        `${pattern(`(?i)${DETOUR}|${withheld}`)} ""`,
        `${pattern(`^${literal(prefix)}(/${PLAIN}*)$`)} "\${1}"`,
        'default ""',
      ]),
      ...block(`@${name}`, [
        'method GET HEAD',
        `vars_regexp {${name}} .`,
        ...block('file', [`root ${token(folder)}`, `try_files {${name}}`]),
      ]),
      ...block(`handle @${name}`, [
        `rewrite * {${name}}`,
        `root * ${token(folder)}`,
        `header Cache-Control "public, max-age=${maxAge}"`,
        'file_server',
      ]),
    ]),
  ]
}

/** As lines that take no part; without a blank behind the mark, which tells them from what is said to people. */
function commented(lines: readonly string[]): string[] {
  return lines.map((line) => `#${line}`)
}

/** Between backquotes nothing means anything but they. */
function pattern(text: string): string {
  return `\`~${text}\``
}

function isPattern(text: string): boolean {
  return !/[`\r\n]/.test(text)
}

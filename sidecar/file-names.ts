// Names of files as the system takes them. On Windows a file has many names: large letters for small ones, dots and blanks behind it,
// `name::$DATA`, `NAME~1.TXT`, and some names are no file at all (`aux`, `con.txt`). Whoever decides by a name and lets the system open it
// has to know that they mean the same. So there the path of a request is refused by its text, before anything is looked for, unless each
// of its names can be that of one file only: Microsoft's "Naming Files, Paths, and Namespaces", and what NTFS adds.

/** A backslash parts names, a colon a drive or a stream from one; the others stand in no name. */
// oxlint-disable-next-line no-control-regex
const RESERVED = /[\u0000-\u001f<>:"|?*\\]/
/** They are taken off without a word. */
const TRAILING = /[. ]$/
/** Devices, whatever stands behind a dot. The digits ¹²³ count too. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$) *(?:\.|$)/i
/** The second name, of eight and three letters, that a volume may keep for a file with a longer one: `SECRET~1.PHP`. */
const SHORT = /^(?=[^.]{2,8}(?:\.|$))[^.]*~[0-9]+(?:\.[^.]{0,3})?$/

/** True where names of files are taken as Windows takes them. */
export function isWindows(platform: NodeJS.Platform = process.platform): boolean {
  return platform === 'win32'
}

/**
 * Whether each name of a path, parted by `/`, is one that Windows gives to one file only, in whichever letters.
 * @param path decoded, latin-1, each character a byte of UTF-8: PATH_INFO
 */
export function isPlainPath(path: string): boolean {
  return Buffer.from(path, 'latin1').toString('utf8').split('/').every(isPlainName)
}

/** The same for one name, as text. */
export function isPlainName(name: string): boolean {
  return ![RESERVED, TRAILING, DEVICE, SHORT].some((rule) => rule.test(name))
}

/** A name to compare with others: on Windows large and small letters are the same. */
export function folded(name: string, platform?: NodeJS.Platform): string {
  return isWindows(platform) ? name.toLowerCase() : name
}

/**
 * A path of a request to compare with others, of the same length: latin-1, each character a byte of UTF-8. In one that is no UTF-8 only
 * letters of ASCII are folded: it names no file.
 */
export function foldedPath(path: string, platform?: NodeJS.Platform): string {
  if (!isWindows(platform)) return path
  const text = Buffer.from(path, 'latin1')
    .toString('utf8')
    .replace(/[^\0-@[-\x7f]/gu, small)
  const bytes = Buffer.from(text).toString('latin1')
  return bytes.length === path.length ? bytes : path.replace(/[A-Z]/g, small)
}

/** By way of the large letter, which is what NTFS compares: ς and σ have one. The few whose small ones take another number of bytes stay. */
function small(letter: string): string {
  const large = letter.toUpperCase()
  const found = (large.length === letter.length ? large : letter).toLowerCase()
  return Buffer.byteLength(found) === Buffer.byteLength(letter) ? found : letter
}

/** Whether a path is that of a folder, or below it; both absolute, without links. */
export function isBelow(path: string, folder: string, platform?: NodeJS.Platform): boolean {
  const inner = folded(path, platform)
  const outer = folded(folder, platform)
  if (!inner.startsWith(outer)) return false
  // The root of a drive ends with a separator itself.
  const last = outer.length - 1
  return inner.length === outer.length || parts(inner, last, platform) || parts(inner, last + 1, platform)
}

function parts(path: string, at: number, platform: NodeJS.Platform | undefined): boolean {
  return path[at] === '/' || (path[at] === '\\' && isWindows(platform))
}

// Names of files that lie beside what a site shows and are never served: source, settings, secrets, copies and dumps. Compared with the decoded
// path, in whichever letters, without the dots, blanks and streams that a file system may take off a name.
//
// The patterns are written so that the regular expressions of JavaScript, PCRE and RE2 read them alike: web servers get them too.

/** Of a path: a segment that begins with a dot. */
export const HIDDEN_SEGMENT = String.raw`/\.`

/** The one hidden folder that is everybody's business (RFC 8615). */
export const WELL_KNOWN = '/.well-known/'

/** What languages run: `page.php`, and `page.php.bak`, `page.phpold`, `page.php (1)`, `page.php~` with it. */
const SOURCE = String.raw`\.(?:php(?:old|bak|orig|save|copy)?|phtml|pht|phps|phar|inc|twig|tpl|sh)(?:[^a-z/][^/]*)?`
/** Dumps, packed ones too. */
const DUMPS = String.raw`\.(?:sql|sqlite|db)(?:[^a-z/][^/]*)?`
const OTHERS = String.raw`\.(?:log|ini|env|lock|md5|ya?ml)`
/** What was a script once: `settings.bak`, `settings.old2`, and `settings.bak.txt`, which somebody wanted to read. */
const BACKUPS = String.raw`\.(?:bak|backup|copy|old|orig|save|sw[op])[0-9]*(?:\.(?:txt|text|html?|md))?`
const COPIES = String.raw`~|#`
const NAMES = String.raw`composer\.json|package(?:-lock)?\.json|web\.config|dockerfile|error_log|(?:wp-config|localsettings)[^/]*`
const CUT = String.raw`(?:[. ]|::\$data)*`

/** Of a path: the name of such a file at its end. In any letters. */
export const UNSERVED_NAME: string = `/(?:[^/]*(?:${SOURCE}|${DUMPS}|${OTHERS}|${BACKUPS}|${COPIES})|${NAMES})${CUT}$`

const hidden = new RegExp(HIDDEN_SEGMENT)
const unserved = new RegExp(UNSERVED_NAME, 'i')

/** Whether a segment of the path begins with a dot; `/.well-known/` at its beginning does not count. */
export function isHidden(path: string): boolean {
  return hidden.test(path.startsWith(WELL_KNOWN) ? path.slice(WELL_KNOWN.length - 1) : path)
}

/** Whether no file is served by this path, whatever is there. Decoded, absolute. */
export function isUnserved(path: string): boolean {
  // From the last slash alone: what ends elsewhere would be looked at anew from each `.php` in it.
  return isHidden(path) || unserved.test(path.slice(path.lastIndexOf('/')))
}

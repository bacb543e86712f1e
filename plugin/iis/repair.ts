// What IIS sends by FastCGI: all of the path in PATH_INFO, and in SCRIPT_NAME too; decoded, and what is not ASCII in it turned into the
// system's code page, which loses characters; the application only in APPL_MD_PATH; after URL Rewrite, the URL that was asked for in
// variables of its own; HTTPS=off; empty variables for what is not there. Proven on variables that people have shown (test/iis).
import { copyVariables, encodePath, resolveDots, splitTarget, type Variables } from '../../sidecar/variables.ts'
import { mergeSlashes, pathOfTarget, requestedName, without } from '../path.ts'

/** Always sent; empty they would be taken for something that somebody vouches for. */
const MAY_BE_EMPTY =
  /^(?:AUTH_(?:PASSWORD|TYPE|USER)|LOGON_USER|REMOTE_USER|CERT_.*|HTTPS(?:_.*)?|CONTENT_TYPE|REMOTE_HOST|PATH_TRANSLATED)$/

/** Characters that IIS turns into others, one or more. */
const NOT_ASCII = /[^\0-\x7f]+/

/**
 * Puts IIS's variables right.
 * @throws {PeerError} for a path that leads above the root.
 */
export function repair(variables: Variables): Variables {
  const repaired = copyVariables(variables)
  const { script, path, target } = place(variables)
  repaired.SCRIPT_NAME = script
  repaired.PATH_INFO = path
  repaired.REQUEST_URI = target
  repaired.SERVER_NAME ||= requestedName(variables)
  repairHeaders(repaired)
  repairUser(repaired)
  // To many apps any value says that it is on.
  if (repaired.HTTPS?.toLowerCase() === 'off') delete repaired.HTTPS
  for (const name in repaired) if (repaired[name] === '' && MAY_BE_EMPTY.test(name)) delete repaired[name]
  return repaired
}

/** Only URL Rewrite says by X-Original-URL what was asked for; where it did nothing, these are headers of the client. */
function repairHeaders(variables: Variables): void {
  if (!isRewritten(variables)) delete variables.HTTP_X_ORIGINAL_URL
  delete variables.HTTP_X_REWRITE_URL
}

/** AUTH_USER and REMOTE_USER are what an Authorization header says, LOGON_USER is who was logged on for it. */
function repairUser(variables: Variables): void {
  if (variables.LOGON_USER === undefined) return
  if (variables.LOGON_USER !== '') variables.REMOTE_USER ||= variables.AUTH_USER || variables.LOGON_USER
  else for (const name of ['REMOTE_USER', 'AUTH_USER', 'AUTH_TYPE', 'AUTH_PASSWORD']) delete variables[name]
}

interface Place {
  readonly script: string
  readonly path: string
  /** What the client asked for. */
  readonly target: string
}

function place(variables: Variables): Place {
  const { SCRIPT_NAME: script = '', PATH_INFO: info = '', UNENCODED_URL: raw, REQUEST_URI: uri } = variables
  const wanted = isRewritten(variables) ? undefined : wantedPath(raw, uri)
  const divided = isDivided(script, info, wanted)
  const given = resolved(divided ? script + info : info || script)
  const whole = wanted !== undefined && (isOf(given, wanted) || isRaw(given, raw)) ? wanted : given
  const parts = divide(whole, divided ? script : applicationOf(variables))
  return { ...parts, target: raw || uri || targetOf(whole, variables) }
}

/**
 * True when IIS has divided the path at a file (allowPathInfoForScriptMappings); else both are all of it, and PATH_INFO is the one that is
 * right where they differ.
 */
function isDivided(script: string, info: string, wanted: string | undefined): boolean {
  if (script === '' || info === '' || isOf(script, info)) return false
  if (wanted !== undefined && isOf(info, wanted)) return false
  return without(info, script) === undefined || (wanted !== undefined && isOf(script + info, wanted))
}

function isRewritten({ IIS_WasUrlRewritten: rewritten }: Variables): boolean {
  return rewritten === '1' || rewritten?.toLowerCase() === 'true'
}

function resolved(path: string): string {
  return path === '' ? path : resolveDots(path)
}

/**
 * The path the client asked for. UNENCODED_URL is that as it was sent; REQUEST_URI may be decoded, and then mean nothing.
 * @throws {PeerError} for one that cannot be decoded, or leads above the root.
 */
function wantedPath(raw: string | undefined, uri: string | undefined): string | undefined {
  if (raw) return pathOfTarget(raw)
  try {
    return pathOfTarget(uri)
  } catch {
    return undefined
  }
}

/**
 * True when a path of IIS is the wanted one: apart from repeated slashes, and from what became of characters that are not ASCII, which may
 * be anything but a slash.
 */
function isOf(given: string, wanted: string): boolean {
  const [host, client] = [mergeSlashes(given), mergeSlashes(wanted)]
  if (!NOT_ASCII.test(client)) return host === client
  const [names, wantedNames] = [host.split('/'), client.split('/')]
  return names.length === wantedNames.length && names.every((name, index) => isNameOf(name, wantedNames[index]!))
}

/**
 * The same for one name. What is ASCII is looked for from left to right, each piece at the first place where it may be: a client decides how
 * many there are, and a regular expression would try all places of each with all of the others.
 */
function isNameOf(given: string, wanted: string): boolean {
  const [first = '', ...pieces] = wanted.split(NOT_ASCII)
  const last = pieces.pop()
  if (last === undefined) return given === wanted
  if (!given.startsWith(first)) return false
  let at = first.length
  for (const piece of pieces) {
    const found = given.indexOf(piece, at + 1)
    if (found < 0) return false
    at = found + piece.length
  }
  return given.length - last.length > at && given.endsWith(last)
}

/** On Azure PATH_INFO was the path as it was sent. */
function isRaw(given: string, raw: string | undefined): boolean {
  return raw !== undefined && given.includes('%') && given === splitTarget(raw).path
}

/** `/LM/W3SVC/1/ROOT/shop` → `/shop`, empty for the application at the root of its site. */
function applicationOf({ APPL_MD_PATH: path = '' }: Variables): string {
  return /^\/LM\/W3SVC\/\d+\/ROOT(\/.+?)\/?$/i.exec(path)?.[1] ?? ''
}

/** Windows tells no case in the names of applications; the client's spelling stays. */
function divide(whole: string, prefix: string): { script: string; path: string } {
  const path = without(whole.toLowerCase(), prefix.toLowerCase())
  if (path === undefined) return { script: '', path: whole }
  const at = whole.length - path.length
  return { script: whole.slice(0, at), path: whole.slice(at) }
}

function targetOf(whole: string, { QUERY_STRING: query }: Variables): string {
  return encodePath(whole) + (query ? `?${query}` : '')
}

// Where a rule leads: a path or an address, with names of what the pattern took, and variables of the request. What is put in is a part of the
// path or of the query and stays that, whatever it holds: it becomes no other host, no query of its own, no line of a head.
import { ConfigError, PeerError } from '../../errors.ts'
import { encodePath, type Variables } from '../../variables.ts'
import type { SeenPath, Taken } from './seen-path.ts'
import { withoutTrailing } from '../../trailing.ts'

/** Literal text as in a URL, percent-encoded; a name of the pattern; or a variable. */
type Piece = string | { readonly name: string } | { readonly variable: string }

/** A target, taken apart. */
export interface Target {
  /** `https://host:port`; empty: the address of the request. */
  readonly origin: string
  readonly path: readonly Piece[]
  /** Undefined: that of the request. */
  readonly query: readonly Piece[] | undefined
  /** With its `#`; empty: none. */
  readonly fragment: string
}

const PARTS = /^([A-Za-z][A-Za-z0-9+.-]*:\/\/[^/?#]*)?([^?#]*)(?:\?([^#]*))?(#.*)?$/s
// \x | ${VARIABLE} | $1 | $<name> | :name | *name | other text
const PIECES =
  /\\(.)|\$\{([A-Za-z_][A-Za-z0-9_]*)\}|\$(?:([0-9]{1,2})|<([\p{ID_Start}_$][\p{ID_Continue}$]*)>)|[:*]([\p{ID_Start}_$][\p{ID_Continue}$]*)|([^\\$:*]+|[$:*\\])/gsu

/**
 * @param names that may stand in it
 * @param path of the setting
 * @throws {ConfigError} RULE_TARGET
 */
export function parseTarget(text: string, names: ReadonlySet<string>, path: string): Target {
  const [, origin = '', below = '', query, fragment = ''] = PARTS.exec(text)!
  const wrong = (message: string): ConfigError => new ConfigError('RULE_TARGET', path, message)
  if (origin === '' && !/^\/(?!\/)/.test(below))
    throw wrong(`${text} has to begin with one slash, or with the scheme of an address such as https://`)
  if (origin !== '' && !/^https?:\/\/(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/i.test(origin))
    throw wrong(
      `${origin} is no address to lead to: http or https, a host and a port, with nothing that the request chooses`,
    )
  const pieces = (part: string): Piece[] => piecesOf(part, names, wrong)
  return {
    origin: origin.toLowerCase(),
    path: pieces(below === '' ? '/' : below),
    query: query === undefined ? undefined : pieces(query),
    fragment: encodeLiteral(fragment),
  }
}

function piecesOf(text: string, names: ReadonlySet<string>, wrong: (message: string) => ConfigError): Piece[] {
  return [...text.matchAll(PIECES)].map(([written, plain, variable, number, named, name, literal]) => {
    if (variable !== undefined) return { variable }
    const wanted = number ?? named ?? name
    if (wanted === undefined) return encodeLiteral(plain ?? literal!)
    if (names.has(wanted)) return { name: wanted }
    const known = names.size === 0 ? 'there are none' : `known are ${[...names].join(', ')}`
    throw wrong(`has ${written}, which the pattern of the rule does not have: ${known}. A plain one is \\${written}`)
  })
}

/** As RFC 3986 has it: what may not stand in a URL is encoded, what is encoded stays. */
function encodeLiteral(text: string): string {
  const bytes = Buffer.from(text).toString('latin1')
  return bytes.replace(/%(?![0-9A-Fa-f]{2})|[^!#$%&'()*+,\-./0-9:;=?@A-Z[\]_a-z~]/g, encodeByte)
}

/** The variables that stand in a target. */
export function variablesOf({ path, query = [] }: Target): string[] {
  return [...path, ...query].flatMap((piece) =>
    typeof piece === 'object' && 'variable' in piece ? [piece.variable] : [],
  )
}

/** What a request puts into a target. */
export interface Filling {
  readonly seen: SeenPath
  readonly taken: Taken
  readonly variables: Variables
}

/** The path, percent-encoded. @throws {PeerError} RULE_VALUE for a variable that would lead out of the path where it stands */
export function filledPath({ path }: Target, { seen, taken, variables }: Filling): string {
  const fill = (piece: Piece): string => {
    if (typeof piece === 'string') return piece
    if ('name' in piece) return seen.encoded(taken[piece.name] ?? '')
    return encodePath(withoutDots(piece.variable, variables[piece.variable] ?? ''))
  }
  return path.map(fill).join('')
}

function withoutDots(name: string, value: string): string {
  if (!/(?:^|[/\\])\.\.?(?:[/\\]|$)/.test(value)) return value
  throw new PeerError('RULE_VALUE', `${name} is ${JSON.stringify(value.slice(0, 80))}, which is no part of a path`)
}

/** The query; that of the request where the target has none. QUERY_STRING in it is one or more pairs, all else a value. */
export function filledQuery({ query }: Target, { seen, taken, variables }: Filling): string {
  if (query === undefined) return variables.QUERY_STRING ?? ''
  const fill = (piece: Piece): string => {
    if (typeof piece === 'string') return piece
    if ('name' in piece) return encodeValue(seen.decoded(taken[piece.name] ?? ''))
    const value = variables[piece.variable] ?? ''
    return piece.variable === 'QUERY_STRING' ? value.replace(/[^\x21-\x7e]|#/g, encodeByte) : encodeValue(value)
  }
  return withoutTrailing(query.map(fill).join(''), '&').replace(/^&+/, '')
}

function encodeValue(bytes: string): string {
  return bytes.replace(/[^A-Za-z0-9\-._~/]/g, encodeByte)
}

function encodeByte(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

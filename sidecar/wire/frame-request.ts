// A request as a frame carries it: latin-1 text, its facts with a NUL behind each, then its variables as FastCGI's name-value pairs.
import type { Variables } from '../variables.ts'
import { readPairs, writePairs } from './pairs.ts'

/** A request for a worker. */
export interface FramedRequest {
  /** As logs name it. */
  readonly name: string
  /** Of its body; undefined: only the end tells. */
  readonly length: number | undefined
  /** Bytes of the response, and of the body, that may be under way. */
  readonly window: number
  /** Its connection may be taken over. */
  readonly upgradable: boolean
  /** The door that it came in by, as frames/door.ts writes it. */
  readonly door: string
  /** Names of the header as the client spelled them, with a space between; empty where nobody has told. */
  readonly names: string
  readonly variables: Variables
}

/** The text of a request. */
export function writeRequest({ name, length, window, upgradable, door, names, variables }: FramedRequest): string {
  const facts = `${name}\0${length ?? ''}\0${window}\0${upgradable ? 1 : ''}\0${door}\0${names}\0`
  return facts + writePairs(variables)
}

const FACTS = 6

/** Reads what `writeRequest` has written. */
export function readRequest(text: string): FramedRequest {
  const facts: string[] = []
  let at = 0
  while (facts.length < FACTS) {
    const end = text.indexOf('\0', at)
    facts.push(text.slice(at, end))
    at = end + 1
  }
  const [name, length, window, upgradable, door, names] = facts as [string, string, string, string, string, string]
  return {
    name,
    length: length === '' ? undefined : Number(length),
    window: Number(window),
    upgradable: upgradable !== '',
    door,
    names,
    variables: readPairs(text.slice(at), true),
  }
}

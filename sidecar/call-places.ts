// Where the code is that has led to a call.
import { isAbsolute } from 'node:path'
import { fileURLToPath } from 'node:url'
import { getCallSites } from 'node:util'

/** As deep as an app may be in its libraries. */
const FRAMES = 200

/** A line of a file. */
export interface CallPlace {
  readonly file: string
  readonly lineNumber: number
}

/** The places that have led to the call of this, the innermost first. What is in no file, as what Node.js has of its own, is left out. */
export function callPlaces(): CallPlace[] {
  const [, ...callers] = getCallSites(FRAMES)
  return callers
    .filter(({ scriptName }) => scriptName.startsWith('file:') || isAbsolute(scriptName))
    .map(({ scriptName, lineNumber }) => ({ file: fileOfScript(scriptName), lineNumber }))
}

/** The file of a script: ECMAScript modules are called by URL, others by their path. */
export function fileOfScript(script: string): string {
  return script.startsWith('file:') ? fileURLToPath(script) : script
}

// A PHP script that the web server has found itself, as it does for PHP-FPM: SCRIPT_NAME is that script then, and not a prefix below which an app is.
import { copyVariables, type Variables } from './variables.ts'

const SCRIPT = /\/[^/]+\.php[0-9]*$/i

/**
 * The variables with the whole path in PATH_INFO, where SCRIPT_NAME names the script that SCRIPT_FILENAME is; the original is untouched.
 * @returns undefined where it does not
 */
export function wholePath(variables: Variables): Variables | undefined {
  const { SCRIPT_NAME: script, SCRIPT_FILENAME: file } = variables
  // Dots would have to be resolved; no web server leaves any where it has found a file.
  if (!script || !file || script.includes('/.')) return undefined
  const name = SCRIPT.exec(script)?.[0]
  if (name === undefined || !file.endsWith(name)) return undefined
  const whole = copyVariables(variables)
  whole.SCRIPT_NAME = ''
  whole.PATH_INFO = script + (variables.PATH_INFO ?? '')
  return whole
}

// What PHP-FPM says when it does not run a script, and what to do about it: it names neither the file nor the way out.

/** A line of PHP-FPM in words that help. */
export interface PhpHint {
  readonly message: string
  readonly code: string
}

/**
 * The hint for a line that a FastCGI server wrote; undefined for a line that needs none.
 * @param script SCRIPT_FILENAME of the request, a latin-1 string
 */
export function phpHint(line: string, script: string | undefined): PhpHint | undefined {
  if (!line.includes('Primary script unknown')) return undefined
  const why =
    script === undefined || script === ''
      ? 'the request has no SCRIPT_FILENAME. Set root, the folder of the scripts'
      : `PHP-FPM sees no file ${Buffer.from(script, 'latin1').toString()}. Is it there, and may its user enter the folders? Where PHP-FPM has another path to them, as in a container, set scriptRoot`
  return { message: `${line}: ${why}`, code: 'PHP_SCRIPT' }
}

// Standard output and errors, which a supervisor shares with whatever it starts.

/**
 * Has writes to a pipe or a socket not wait for its reader. The start of a process makes them wait for whoever shares the output, and so does
 * the end of one of Node.js: a gateway whose log is not read would stand still.
 */
export function letOutputsNotWait(): void {
  for (const stream of [process.stdout, process.stderr]) {
    const { _handle: handle } = stream as { _handle?: { setBlocking?(blocking: boolean): void } | null }
    if (!stream.isTTY) handle?.setBlocking?.(false)
  }
}

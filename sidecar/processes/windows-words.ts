// A command line cut into words as Windows' own programs read theirs (CommandLineToArgvW): blanks part words, "…" keeps them together,
// and a backslash stands for itself unless a double quote follows. A single quote means nothing, so it may stand in a path.

/**
 * Cuts a command line into words. Backslashes in front of a quote count in pairs; one that is left over makes the quote a letter.
 * @returns undefined when a quote is not closed
 */
export function splitWindowsWords(line: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quoted = false
  for (const [part, slashes] of line.matchAll(/(\\*)"|\s+|\\+|[^\\"\s]+/g)) {
    if (slashes !== undefined) {
      word = (word ?? '') + '\\'.repeat(slashes.length >> 1)
      if (slashes.length % 2 === 1) word += '"'
      else quoted = !quoted
    } else if (quoted || /\S/.test(part)) word = (word ?? '') + part
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  if (quoted) return undefined
  if (word !== undefined) words.push(word)
  return words
}

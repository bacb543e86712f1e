// A command line cut into words without a shell: blanks part words, quotes and backslashes keep them together, and nothing else means
// anything. What a shell would do (pipes, variables, patterns) has to be asked for: `sh -c '…'`.

/**
 * Cuts a command line into words, as a POSIX shell quotes (2.2): in '…' everything stands for itself, in "…" a backslash takes the
 * meaning from `"`, `\`, `$` and the back quote, outside from any character.
 * @returns undefined when a quote is not closed, or a backslash is the last character.
 */
export function splitWords(line: string): string[] | undefined {
  const words: string[] = []
  let word: string | undefined
  let quote = ''
  for (let at = 0; at < line.length; at++) {
    const c = line[at]!
    if (quote === "'") {
      if (c === quote) quote = ''
      else word += c
    } else if (c === '\\') {
      const next = line[++at]
      if (next === undefined) return undefined
      const literal = quote === '"' && !'"\\$`'.includes(next)
      word = (word ?? '') + (literal ? `\\${next}` : next)
    } else if (quote === '"') {
      if (c === quote) quote = ''
      else word += c
    } else if (c === "'" || c === '"') {
      quote = c
      word ??= ''
    } else if (/\s/.test(c)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + c
  }
  if (quote !== '') return undefined
  if (word !== undefined) words.push(word)
  return words
}

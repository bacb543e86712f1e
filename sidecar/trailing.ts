// The end of a text, in one pass. A pattern such as /\/+$/ takes a run of slashes that stands elsewhere anew from each of them: 60,000 of them, as
// any client can send, hold everybody up for seconds.

/** `text` without the characters at its end that are in `set`. */
export function withoutTrailing(text: string, set: string): string {
  let end = text.length
  while (end > 0 && set.includes(text[end - 1]!)) end--
  return text.slice(0, end)
}

/** A text as a regular expression that stands for itself, as JavaScript, PCRE and RE2 read it alike. */
export function literal(text: string): string {
  return text.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')
}

// What the YAML parser finds wrong, in words for people who do not know its grammar.
import type { YAMLError } from 'yaml'

const WORDS: Partial<Record<YAMLError['code'], string>> = {
  BAD_ALIAS: 'a * stands for something that was named with & before; in a text put it in quotes',
  BAD_DQ_ESCAPE: 'there is no such escape in double quotes; single quotes take a \\ as it is',
  BAD_INDENT: 'this line is not indented as its neighbours are: keys of one group begin in one column',
  BAD_SCALAR_START: 'no plain text begins with this character: put the text in quotes',
  BLOCK_AS_IMPLICIT_KEY:
    'a second key on the line, or a line that is indented more than the one that it belongs to: a text with ": " in it needs quotes, and keys of one group begin in one column',
  KEY_OVER_1024_CHARS: 'this key is too long',
  MULTILINE_IMPLICIT_KEY: 'a line without a ":" behind its key',
  MULTIPLE_DOCS: 'a second document begins here with ---: a configuration is one',
  NON_STRING_KEY: 'this key is no text: put it in quotes',
  TAB_AS_INDENT: 'a tab at the beginning of a line: YAML is indented with spaces',
  UNEXPECTED_TOKEN:
    'this does not belong here: is the line indented as its neighbours are, or does a text need quotes?',
}

/** One line for an error of the parser. */
export function yamlMessage({ code, message }: Pick<YAMLError, 'code' | 'message'>): string {
  const open = /end with a ([\]}])$/.exec(message)?.[1] ?? /^Missing closing (['"])/.exec(message)?.[1]
  if (open !== undefined) return `a ${open} is missing that closes what was opened before`
  // Ours, of duplicate-keys.ts.
  if (code === 'DUPLICATE_KEY') return message
  return WORDS[code] ?? `this is no YAML: ${message}`
}

// A command as a setting has it, one line, read by the rules of the system that is to run it.
import { isWindows } from '../file-names.ts'
import { splitWindowsWords } from './windows-words.ts'
import { splitWords } from './words.ts'

/**
 * The words of a command line: `splitWords`, on Windows `splitWindowsWords`.
 * @returns what is wrong with it, as a text, where it cannot be cut
 */
export function commandWords(line: string, platform?: NodeJS.Platform): string[] | string {
  if (!isWindows(platform)) return splitWords(line) ?? `a quote in ${JSON.stringify(line)} is not closed`
  const words = splitWindowsWords(line)
  if (!words) return `a quote in ${JSON.stringify(line)} is not closed`
  const single = words.find((word) => word.startsWith("'"))
  if (single === undefined) return words
  return `${single} begins with a single quote, which keeps no words together on Windows: use double quotes`
}

// Scripts for the tests of CGI, written into a fresh folder.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { temporaryFolder } from '../harness.ts'

/** Name → text; executable unless the name ends with `.txt` or a `!` in front of the text says so. */
export function scriptFolder(scripts: Readonly<Record<string, string>>): { path: string; remove: () => void } {
  const folder = temporaryFolder()
  for (const [name, text] of Object.entries(scripts)) {
    const file = join(folder.path, name)
    mkdirSync(dirname(file), { recursive: true })
    const plain = text.startsWith('!')
    writeFileSync(file, plain ? text.slice(1) : text)
    chmodSync(file, plain ? 0o644 : 0o755)
  }
  return folder
}

/** A script for sh that prints its environment, one variable a line. */
export const PRINT_ENVIRONMENT = `#!/bin/sh
printf 'Content-Type: text/plain\\n\\n'
printf 'cwd=%s argc=%s\\n' "$(pwd)" "$#"
env
`

/** The variables that PRINT_ENVIRONMENT printed. */
export function environmentOf(text: string): Record<string, string> {
  return Object.fromEntries(
    text
      .split('\n')
      .filter((line) => line.includes('='))
      .map((line): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  )
}

/** True while there is a process with this id that is no zombie. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

// Which test files share processes. A process and its modules cost a file half a second of computing, more than most tests take
// themselves; but what a file changes for its whole process stays for those after it.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..')

/** Folders whose files have a process each: they look at memory, keep the machine busy for long, or share apps that can be closed once. */
const APART =
  /^test\/(?:chaos|cli|conformance|docker|house|memory|node|package|php|supervisor|versions|windows\/programs)\//

/** What a file says that changes its process, or looks at the whole of it. */
const CHANGES = /node:child_process|built\.ts|chdir|process\.(?:env|on|once)\b|\bvi\.|globalThis|expose-gc/

/** Test files that run in processes with others, one after the other; seen from the top folder. */
export const together: readonly string[] = globSync('{sidecar,plugin,test}/**/*.test.ts', { cwd: root })
  .map((file) => file.replaceAll('\\', '/'))
  .filter((file) => !APART.test(file) && !CHANGES.test(readFileSync(join(root, file), 'utf8')))

// What usually keeps Node.js from loading a module, and the way out.
import { existsSync } from 'node:fs'
import { basename } from 'node:path'
import { messageOf } from './thrown.ts'

/** The message of what a module threw while it was loaded, with the way out behind its first line. */
export function moduleFault(thrown: unknown): string {
  const message = messageOf(thrown)
  const way = wayOut(message, codeOf(thrown))
  return way === undefined ? message : message.replace(/\n|$/, (end) => `: ${way}${end}`)
}

/** Apps throw anything, that which raises when it is looked at too. */
function codeOf(thrown: unknown): string {
  try {
    return String((thrown as NodeJS.ErrnoException).code)
  } catch {
    return ''
  }
}

function wayOut(message: string, code: string): string | undefined {
  const found = (pattern: RegExp): string | undefined => pattern.exec(message)?.[1]
  switch (code) {
    case 'ERR_MODULE_NOT_FOUND':
    case 'MODULE_NOT_FOUND': {
      const name = found(/^Cannot find (?:package|module) '((?:@[\w.-]+\/)?\w[\w.-]*)(?:\/[^']*)?'/)
      if (name !== undefined) return `npm install ${name} adds it`
      const whole = wholeName(found(/^Cannot find module '([^']+)' imported from /))
      return whole && `Node.js wants the whole name, ${whole}`
    }
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return 'Node.js leaves types out and translates nothing; "erasableSyntaxOnly" in tsconfig.json finds all such places'
    default: {
      const name = found(/does not provide an export named '([\w$]+)'/)
      if (name !== undefined) return `if that is a type, write import type { ${name} }`
      return found(/^(defineConfig) is not defined$/) && "write import { defineConfig } from 'sidegate'"
    }
  }
}

/** The file that was meant by a name without its end, or with that of what TypeScript would make of it. */
function wholeName(file: string | undefined): string | undefined {
  if (file === undefined) return undefined
  const stem = file.replace(/\.([cm]?)js$/, '')
  const meant = [`${stem}.ts`, `${stem}.js`, `${stem}.mts`, `${stem}.mjs`, `${file}/index.ts`, `${file}/index.js`]
  const there = meant.find((name) => existsSync(name))
  return there?.startsWith(`${file}/`) ? `${basename(file)}/${basename(there)}` : there && basename(there)
}

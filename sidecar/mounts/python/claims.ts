// How a Python app is known on the command line: a file `.py` or `.wsgi`, or a dotted module name.
import { existsSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { BareTarget, Claim } from '../bare-target.ts'
import { hasAsgi } from '../asgi/recognise.ts'

const MODULE = /^[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*$/

/** How files of Python end. */
export const pythonSuffixes: readonly string[] = ['.py', '.wsgi']

/** None, one, or two: `shop.wsgi` is a file, and it is the module wsgi in the package shop. */
export function pythonClaims(target: BareTarget): Claim[] {
  return claimsOf(target, false)
}

/** The same, of those that have an ASGI app, or of all others. */
export function claimsOf({ text, path, callable, cwd }: BareTarget, asgi: boolean): Claim[] {
  const file = pythonSuffixes.some((suffix) => path.endsWith(suffix)) && isFile(resolve(cwd, path))
  const module = MODULE.test(path) ? moduleOf(path, cwd) : undefined
  const claims: Claim[] = []
  const what = asgi ? 'with an ASGI app' : 'is a Python'
  if (file && hasAsgi(resolve(cwd, path), callable) === asgi) {
    const value = /[/\\]/.test(text) ? text : `./${text}`
    claims.push({ value, because: asgi ? `${path} is a Python file ${what}` : `${path} ${what} file`, what: path })
  }
  if (module !== undefined && hasAsgi(join(cwd, module), callable) === asgi) {
    const value = file ? `./${module}${callable === undefined ? '' : `:${callable}`}` : text
    const because = asgi ? `${module} is a Python module ${what}` : `${module} ${what} module`
    claims.push({ value, because, what: module })
  }
  return claims
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false
}

/** The file of a dotted module name, as Python would find it in `cwd`; undefined when there is none. */
function moduleOf(name: string, cwd: string): string | undefined {
  const stem = name.replaceAll('.', '/')
  return [`${stem}.py`, `${stem}/__init__.py`].find((file) => existsSync(join(cwd, file)))
}

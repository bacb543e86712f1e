// Whether a Python file has an ASGI app, by its text: nothing of it is run. What is not seen to be one counts as a WSGI app; a worker that finds the
// other one says so.
import { readFileSync } from 'node:fs'

/** Tried in this order where no callable is named, as the workers do. */
const CALLABLES = ['application', 'app']
/** What frameworks call their apps, and what makes them. */
const FRAMEWORKS = ['FastAPI', 'Starlette', 'Quart', 'Litestar', 'ProtocolTypeRouter', 'get_asgi_application']
const MADE = new RegExp(String.raw`\b(?:${FRAMEWORKS.join('|')})\(`)
/** A source is looked at so far, in characters. */
const LOOKED_AT = 1024 * 1024

/** @param callable what is called in it, which may be a factory: `app`, `make_app()` */
export function hasAsgi(file: string, callable: string | undefined): boolean {
  const source = textOf(file)
  if (callable?.includes('(')) return MADE.test(source)
  const name = callable ?? CALLABLES.find((candidate) => isDefined(candidate, source))
  if (name === undefined || !/^\w+$/.test(name)) return false
  const parameter = String.raw`\s*\w+[^,()]*`
  if (new RegExp(String.raw`^async def ${name}\(${parameter},${parameter},${parameter},?\s*\)`, 'm').test(source))
    return true
  const made = new RegExp(String.raw`^${name}\s*(?::[^=\n]+)?=\s*([\w.]+)\(`, 'm').exec(source)?.[1]
  if (made === undefined) return false
  return FRAMEWORKS.includes(made.split('.').at(-1)!) || made.includes('.asgi.')
}

function isDefined(name: string, source: string): boolean {
  return new RegExp(String.raw`^(?:(?:async )?(?:def|class) ${name}\b|${name}\s*(?::[^=\n]+)?=)`, 'm').test(source)
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8').slice(0, LOOKED_AT)
  } catch {
    // Who cannot read it says so when it is to be run.
    return ''
  }
}

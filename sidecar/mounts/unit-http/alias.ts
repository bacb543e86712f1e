// `unit-http` in apps of `node` mounts. What npm installs under that name is a part of NGINX Unit, which does nothing without it: the name leads
// here, whether it is installed or not.
import { registerHooks } from 'node:module'
import { messageOf } from '../../thrown.ts'
// Loaded ahead of any app: CommonJS cannot wait for a module that is on its way.
import './http.ts'
import { noteImport } from './listening.ts'

const ending = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
const url = new URL(`./http.${ending}`, import.meta.url).href

let isAliased = false

/** From now on `unit-http` is Sidegate's, for import and require. Works twice. */
export function aliasUnitHttp(): void {
  if (isAliased) return
  isAliased = true
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === 'unit-http') {
        noteImport(context.parentURL)
        return { url, shortCircuit: true }
      }
      if (specifier !== 'unit-http/websocket') return next(specifier, context)
      // Unit's is a copy of this one, and answers to the same names.
      try {
        return next('websocket', context)
      } catch (error) {
        throw new Error(
          `unit-http/websocket is the package websocket here, which is not installed beside the app (npm install websocket): ${messageOf(error)}`,
          { cause: error },
        )
      }
    },
  })
}

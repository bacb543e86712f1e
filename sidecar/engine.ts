// What Node.js and V8 are told before they run a gateway, which makes the same few objects for each of very many requests.
import { createHook } from 'node:async_hooks'
import { setFlagsFromString } from 'node:v8'

let tick: object | undefined

/** Readies the process; to be called before the first request. Again: does nothing. */
export function readyEngine(): void {
  if (tick) return
  allocateYoung()
  keepCode()
  keepTick()
}

/**
 * When a kind of object lived longer than usual for a while, V8 makes all later ones old from the start. Such an object in each connection
 * (the list of its listeners, it was) keeps the rest of it alive until the whole heap is collected, and every collection of young objects
 * copies all of it: of 18 gateways under load 6 had collections of 12 ms, the others of 1 ms.
 */
function allocateYoung(): void {
  setFlagsFromString('--no-allocation-site-pretenuring')
}

/** The versions of V8 that know the flag, those of Node.js 23 to 25: others print that they do not. */
const KEEP_CODE = /^(?:12\.9|13\.[0-9]+|14\.[01])\./

/**
 * After a pause V8 collects its whole heap to give memory back, and forgets on that occasion the shape of every object that is not there just
 * then: all those of a request. What was compiled for them goes with them, a hundred functions, and the next two seconds of load took half as
 * much time again. It still gives memory back without that.
 */
function keepCode(): void {
  if (KEEP_CODE.test(process.versions.v8)) setFlagsFromString('--no-memory-reducer-favors-memory')
}

/**
 * V8 forgets the shape of an object when it collects its whole heap and finds no such object, and code that has made them takes a slow way
 * from then on. process.nextTick is such code: Node.js calls it several times a request, and between requests none of its objects is
 * there. Keeps one.
 */
function keepTick(): void {
  const init = (_id: number, type: string, _trigger: number, resource: object): void => {
    if (type === 'TickObject') tick = resource
  }
  // Without trackPromises: promises are not slowed down.
  const hook = createHook({ init, trackPromises: false })
  hook.enable()
  process.nextTick(() => {})
  hook.disable()
}

// Node.js' debugger, when nobody asked for it.
import { close, url } from 'node:inspector'

/** What opens it on purpose: an option of its own, or a module that an editor has loaded first. */
const ASKED_FOR = /(?:^|\s)(?:--inspect|--require|--import|-r(?:\s|$))/

/**
 * Closes the debugger where a SIGUSR1 has opened it, in the first milliseconds of the process when nobody listened to that signal yet.
 * One that was asked for (`--inspect`, in NODE_OPTIONS too) stays. Node.js opens it in a thread of its own, which a busy machine may keep
 * waiting: it is to be looked for twice, the second time before any app is loaded.
 */
export function shutDebugger(): void {
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (url() !== undefined && !ASKED_FOR.test(options)) close()
}

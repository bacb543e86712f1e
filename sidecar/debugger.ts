// Node.js' debugger, when nobody asked for it.
import { close, url } from 'node:inspector'
import { setImmediate as nextTurn } from 'node:timers/promises'

/** What opens it on purpose: an option of its own, or a module that an editor has loaded first. */
const ASKED_FOR = /(?:^|\s)(?:--inspect|--require|--import|-r(?:\s|$))/

/**
 * Closes the debugger where a SIGUSR1 has opened it, in the first milliseconds of the process when nobody listened to that signal yet.
 * One that was asked for (`--inspect`, in NODE_OPTIONS too) stays.
 * The signal leaves a word for the event loop too, which opens the debugger anew in the next turn: that is waited for. It comes from a
 * thread that a busy machine may keep waiting: so this is to be called twice, the second time before any app is loaded.
 */
export async function shutDebugger(): Promise<void> {
  await nextTurn()
  const options = [...process.execArgv, process.env.NODE_OPTIONS ?? ''].join(' ')
  if (url() !== undefined && !ASKED_FOR.test(options)) close()
}

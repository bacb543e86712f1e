// Where the first thread of this process is, asked from another one through the inspector (nodejs.org/api/inspector.html,
// session.connectToMainThread). It is held for that moment, and goes on.
import { Session, type Debugger } from 'node:inspector'
import { CURRENT_REQUEST } from './current-request.ts'

/** What is told. */
export interface MainStack {
  /** Its frames, a line each; or why there are none. */
  readonly text: string
  /** The id of the request that the code runs for, where that is known. */
  readonly request: string | undefined
}

/**
 * Never rejects.
 * @param patience milliseconds in which some JavaScript would run, if there is any
 * @param hangs it does not answer: what is not of the app keeps it, too
 */
export async function mainStack(patience: number, hangs: boolean): Promise<MainStack> {
  const session = new Session()
  const files = new Map<string, string>()
  try {
    session.connectToMainThread()
    session.on('Debugger.scriptParsed', ({ params: { scriptId, url } }) => files.set(scriptId, url))
    const end = performance.now() + patience
    for (let left = patience; left > 0; left = end - performance.now()) {
      const frames = await pause(session, left)
      if (!frames) break
      const [first] = frames
      const request = first && (await requestOf(session, first))
      session.post('Debugger.resume')
      // Between two jobs there is nothing on the stack.
      if (!first) continue
      const isApp = frames.some(({ location }) => isOfApp(files.get(location.scriptId)))
      // What takes in a question of the gateway is soon over, and nothing to be told of.
      if (isApp || (hangs && performance.now() >= end))
        return { text: frames.map((frame) => line(frame, files)).join('\n'), request }
    }
    const text = 'it runs no JavaScript at this moment: it waits for something, or is inside of native code'
    return { text, request: undefined }
  } catch (error) {
    return { text: `where it is cannot be told: ${(error as Error).message}`, request: undefined }
  } finally {
    session.post('Debugger.disable', () => session.disconnect())
  }
}

/** Where Sidegate's own code is, of the sources or built as this file is. */
const OWN = new URL(import.meta.url.endsWith('.ts') ? '../' : '../../', import.meta.url).href

function isOfApp(file = ''): boolean {
  return !file.startsWith('node:') && !file.startsWith(OWN)
}

/** Undefined when nothing runs that could be paused. */
function pause(session: Session, patience: number): Promise<Debugger.CallFrame[] | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(undefined), patience)
    session.once('Debugger.paused', ({ params }) => {
      clearTimeout(timer)
      resolve(params.callFrames)
    })
    session.post('Debugger.enable')
    session.post('Debugger.pause')
  })
}

function requestOf(session: Session, { callFrameId }: Debugger.CallFrame): Promise<string | undefined> {
  const expression = `globalThis[Symbol.for('${CURRENT_REQUEST}')]?.()`
  return new Promise((resolve) => {
    session.post('Debugger.evaluateOnCallFrame', { callFrameId, expression, silent: true }, (error, found) => {
      const value: unknown = error ? undefined : found?.result.value
      resolve(typeof value === 'string' ? value : undefined)
    })
  })
}

function line({ functionName, location }: Debugger.CallFrame, files: ReadonlyMap<string, string>): string {
  const { scriptId, lineNumber, columnNumber = 0 } = location
  const place = `${files.get(scriptId) || 'native'}:${lineNumber + 1}:${columnNumber + 1}`
  return functionName === '' ? `at ${place}` : `at ${functionName} (${place})`
}

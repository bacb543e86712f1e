// A worker in Node.js: one process that runs the app of one mount, and answers what its gateway sends it. It ends with its connection.
import { writeSync } from 'node:fs'
import { sep } from 'node:path'
import { Worker } from 'node:worker_threads'
import { callPlaces } from '../call-places.ts'
import { readyEngine } from '../engine.ts'
import { PeerError, SidegateError } from '../errors.ts'
import { detailOf, shortened } from '../frames/failure.ts'
import { FrameOutput } from '../frames/output.ts'
import type { Mount } from '../mounts/mount.ts'
import { reportStray } from '../stray.ts'
import { messageOf, stackOf } from '../thrown.ts'
import { FRAME, FrameReader } from '../wire/frames.ts'
import { tell } from './control.ts'
import { Desk } from './desk.ts'
import { openEnd } from './ends.ts'
import { openMount, type Opening } from './opening.ts'
import { Reports } from './reports.ts'

/** How long a mount may take to close, in milliseconds, when its gateway is gone. */
const CLOSE_MS = 500
const STDERR = 2
/** Of the second thread, in MB. */
const WATCH_HEAP = 16

const link = openEnd(0)
const output = new FrameOutput(link)
const reports = new Reports(output)
let mount: Mount | undefined
let desk: Desk | undefined
let isEnding = false

const first = new FrameReader({
  frame(type, _id, payload) {
    if (type === FRAME.open) void open(JSON.parse(payload.toString()) as Opening)
  },
})

async function open(opening: Opening): Promise<void> {
  process.title = `sidegate worker ${opening.key}`
  readyEngine()
  reportStray(reports.log)
  reports.capture()
  try {
    mount = await openMount(opening, reports.log)
  } catch (error) {
    if (error instanceof SidegateError) {
      const { code, message } = error
      tell({ type: 'failed', code, message: shortened(message), detail: detailOf(error) })
    } else writeSync(STDERR, `${stackOf(error) ?? messageOf(error)}\n`)
    return exit(1)
  }
  await watched
  desk = new Desk(opening.key, mount, output, reports)
  tell({ type: 'ready', pid: process.pid })
}

/** Ends this process: at once where its gateway is gone. */
async function end(): Promise<void> {
  if (isEnding) return
  isEnding = true
  const closed = async (): Promise<void> => mount?.close()
  if (desk?.retired) {
    await closed().catch(() => {})
    await said()
  } else {
    desk?.abortAll(new PeerError('GATEWAY_CLOSED', 'the gateway is gone', 503))
    await Promise.race([closed().catch(() => {}), new Promise((resolve) => setTimeout(resolve, CLOSE_MS))])
  }
  exit(0)
}

/** What was said last is with the system. */
function said(): Promise<void> {
  output.flush()
  return new Promise((resolve) => link.write('', () => resolve()))
}

function exit(code: number): never {
  isEnding = true
  process.exit(code)
}

/** An app may end its process: that looks like nothing if nobody says who did it. */
function tellExit(code: number): void {
  if (isEnding) return
  output.flush()
  const places = callPlaces().filter(({ file }) => file !== import.meta.filename)
  // The app's own code rather than what it uses.
  const place = places.find(({ file }) => !file.split(sep).includes('node_modules')) ?? places[0]
  const where = place ? `, in ${place.file}:${place.lineNumber}` : ''
  writeSync(STDERR, `the app called process.exit(${code})${where}\n`)
}

const watch = new Worker(new URL(`./watch${import.meta.url.slice(-3)}`, import.meta.url), {
  resourceLimits: { maxOldGenerationSizeMb: WATCH_HEAP },
})
watch.unref()
// Without it the worker serves, and nobody can say where it hangs.
const watched = new Promise<void>((resolve) => watch.once('online', resolve).once('error', () => resolve()))
link.on('data', (bytes: Buffer) => (desk ? desk.receive(bytes) : first.receive(bytes)))
link.on('error', () => {})
link.once('end', () => void end()).once('close', () => void end())
process.on('exit', tellExit)
// The gateway asks by the connection; this signal is for what the app has started.
process.on('SIGTERM', () => {})

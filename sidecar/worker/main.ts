// A worker in Node.js: one process that runs the app of one mount, and answers what its gateway sends it. It ends with its connection.
import { readyEngine } from '../engine.ts'
import { PeerError, SidegateError } from '../errors.ts'
import { detailOf } from '../frames/failure.ts'
import { FrameOutput } from '../frames/output.ts'
import { Lines } from '../lines.ts'
import type { Mount } from '../mounts/mount.ts'
import { reportStray } from '../stray.ts'
import { Desk } from './desk.ts'
import { openEnd } from './ends.ts'
import { openMount, type Opening } from './opening.ts'
import { Reports } from './reports.ts'

/** How long a mount may take to close, in milliseconds, when nobody waits for it any more. */
const CLOSE_MS = 500

const link = openEnd(0)
const control = openEnd(1)
const output = new FrameOutput(link)
const reports = new Reports(output)
let mount: Mount | undefined
let desk: Desk | undefined

function tell(message: object, told?: () => void): void {
  control.write(`${JSON.stringify(message)}\n`, told)
}

async function open(opening: Opening): Promise<void> {
  process.title = `sidegate worker ${opening.key}`
  readyEngine()
  reportStray(reports.log)
  reports.capture()
  try {
    mount = await openMount(opening, reports.log)
  } catch (error) {
    if (!(error instanceof SidegateError)) throw error
    const { code, message } = error
    return tell({ type: 'failed', code, message, detail: detailOf(error) }, () => process.exit(1))
  }
  desk = new Desk(opening.key, mount, output, reports)
  tell({ type: 'ready', pid: process.pid })
}

/** Ends this process: at once where its gateway is gone. */
async function end(): Promise<void> {
  if (!desk?.retired) desk?.abortAll(new PeerError('GATEWAY_CLOSED', 'the gateway is gone', 503))
  const late = new Promise<void>((resolve) => void setTimeout(resolve, desk?.retired ? 2 ** 30 : CLOSE_MS))
  await Promise.race([Promise.resolve(mount?.close()).catch(() => {}), late])
  output.flush()
  process.exit(0)
}

const lines = new Lines((line) => void open(JSON.parse(line) as Opening))
control.on('data', (bytes: Buffer) => lines.push(bytes))
link.on('data', (bytes: Buffer) => desk?.receive(bytes))
for (const stream of [link, control]) stream.on('error', () => {})
link.once('end', () => void end()).once('close', () => void end())
// The gateway asks by the connection; this signal is for what the app has started.
process.on('SIGTERM', () => {})

// The second thread of a worker: it hears the gateway when the first one is stuck in a loop, says where that is, and ends the process when the
// gateway is gone.
import { Lines } from '../lines.ts'
import { tell } from './control.ts'
import { openEnd } from './ends.ts'
import { mainStack } from './main-stack.ts'

/** How long the first thread may take to end by itself when the gateway is gone, in milliseconds. */
const END_MS = 900

interface Question {
  readonly type: string
  readonly patience: number
  readonly hangs: boolean
}

async function answer({ type, patience, hangs }: Question): Promise<void> {
  if (type === 'stack') tell({ type, ...(await mainStack(patience, hangs)) })
}

const control = openEnd(1)
const lines = new Lines((line) => void answer(JSON.parse(line) as Question))
control
  .on('data', (bytes: Buffer) => lines.push(bytes))
  .on('error', () => {})
  .once('close', () => setTimeout(() => process.kill(process.pid, 'SIGKILL'), END_MS))

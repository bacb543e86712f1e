// The thread that checks passwords, so that the gateway goes on meanwhile: one check at a time.
import { parentPort } from 'node:worker_threads'
import { verify } from './verify.ts'

/** A check to be done. */
export interface Question {
  readonly id: number
  readonly hash: string
  readonly password: Uint8Array
}

/** What came of it. */
export interface Answer {
  readonly id: number
  readonly right: boolean
}

parentPort!.on('message', ({ id, hash, password }: Question) => {
  const answer: Answer = { id, right: verify(hash, Buffer.from(password)) }
  parentPort!.postMessage(answer)
})

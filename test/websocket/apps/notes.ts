// What the apps of these tests saw, and what the tests wait for. Apps are loaded as modules of their own, and may run in a process of their own:
// the meeting place is global there, and a file here.
import { appendFileSync, existsSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Meeting {
  notes: string[]
}

const KEY = Symbol.for('sidegate.test.websocket')
const places = globalThis as unknown as Record<symbol, Meeting | undefined>
const meeting: Meeting = (places[KEY] ??= { notes: [] })

/** Where apps in processes of their own leave their notes: the test's environment for them. */
export const NOTES = { NOTES: join(tmpdir(), `sidegate-notes-${process.pid}`) }

/** An app saw something. */
export function note(text: string): void {
  if (process.env.NOTES === undefined) meeting.notes.push(text)
  else appendFileSync(process.env.NOTES, `${text}\n`)
}

/** Everything that apps saw so far. */
export function notes(): readonly string[] {
  const others = existsSync(NOTES.NOTES) ? readFileSync(NOTES.NOTES, 'utf8').split('\n').slice(0, -1) : []
  return [...meeting.notes, ...others]
}

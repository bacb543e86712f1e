// What the apps of these tests saw, and what the tests wait for. Apps are loaded as modules of their own: the meeting place is global.

interface Meeting {
  notes: string[]
}

const KEY = Symbol.for('sidegate.test.websocket')
const places = globalThis as unknown as Record<symbol, Meeting | undefined>
const meeting: Meeting = (places[KEY] ??= { notes: [] })

/** An app saw something. */
export function note(text: string): void {
  meeting.notes.push(text)
}

/** Everything that apps saw so far. */
export function notes(): readonly string[] {
  return meeting.notes
}

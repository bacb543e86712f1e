// What has to be so in a thread before the processor is loaded there: it asks for files by `fetch`, and gets those of the sheet's folder and
// nothing else; it complains into file descriptor 2, and is heard here; and it takes no more memory than it is given.
import fs from 'node:fs'

/** What is kept of what the processor says: a sheet may go on for ever. */
const LINES_MAX = 50
const LINE_MAX = 1000
const PAGE = 65_536

/** Lines that were said, since they were last taken. */
export class Said {
  #lines: string[] = []
  #rest = ''

  push(text: string): void {
    const lines = `${this.#rest}${text}`.split('\n')
    this.#rest = lines.pop()!.slice(0, LINE_MAX)
    for (const line of lines) if (this.#lines.length < LINES_MAX) this.#lines.push(line.slice(0, LINE_MAX))
  }

  take(): readonly string[] {
    if (this.#rest !== '') this.push('\n')
    const lines = this.#lines
    this.#lines = []
    return lines
  }
}

/** Has what is written to standard output and standard error of this thread's processor come here. */
export function hear(said: Said): void {
  const { writeSync } = fs
  const write = (fd: number, ...rest: [string | NodeJS.ArrayBufferView]): number => {
    if (fd !== 1 && fd !== 2) return writeSync(fd, ...(rest as [string]))
    const text = typeof rest[0] === 'string' ? rest[0] : Buffer.from(rest[0].buffer as ArrayBuffer).toString()
    said.push(text)
    return Buffer.byteLength(text)
  }
  fs.writeSync = write as typeof fs.writeSync
}

/** The part of a response of fetch that the processor reads. */
interface Fetched {
  readonly ok: boolean
  readonly status: number
  bytes(): Promise<Uint8Array>
}

const REFUSED: Fetched = { ok: false, status: 403, bytes: () => Promise.resolve(new Uint8Array()) }

/** Has `fetch` in this thread give what `read` gives; undefined: refused. A fetch that rejects would break the processor. */
export function serve(read: (url: string) => Uint8Array | undefined): void {
  const stub = (url: string): Promise<Fetched> => {
    const found = read(url)
    return Promise.resolve(found ? { ok: true, status: 200, bytes: () => Promise.resolve(found) } : REFUSED)
  }
  globalThis.fetch = stub as unknown as typeof fetch
}

/** What is used here of WebAssembly: a limit counts pages. */
interface MemoryLimits {
  readonly initial: number
  readonly maximum?: number
}
type Engine = { Memory: new (limits: MemoryLimits) => object }

/** Bounds the memory that a WebAssembly module of this thread gets, whatever it asks for. */
export function boundMemory(bytes: number): void {
  const { WebAssembly: engine } = globalThis as unknown as { WebAssembly: Engine }
  const { Memory } = engine
  engine.Memory = class extends Memory {
    constructor(wanted: MemoryLimits) {
      const most = Math.max(wanted.initial, Math.ceil(bytes / PAGE))
      super({ ...wanted, maximum: Math.min(wanted.maximum ?? most, most) })
    }
  }
}

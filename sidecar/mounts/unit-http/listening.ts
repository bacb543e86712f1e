// Which module a server of unit-http belongs to: that of the mount whose code tells it to listen.
import type { Server } from 'node:http'
import { dirname } from 'node:path'
import { callPlaces, fileOfScript } from '../../call-places.ts'
import { modulesOf } from '../loaded.ts'

/** What is known of one module. */
export class Listening {
  readonly #folder: string
  #isImporting = false
  #server: Server | undefined
  #wake: (() => void) | undefined

  constructor(file: string) {
    this.#folder = dirname(file)
  }

  /** True when a server may come: the module, a part of it, or one beside it has imported unit-http. */
  get isExpected(): boolean {
    return this.#isImporting || importing.has(this.#folder)
  }

  noteImport(): void {
    this.#isImporting = true
  }

  /** The last server that was told to listen. */
  get server(): Server | undefined {
    return this.#server
  }

  note(server: Server): void {
    this.#server = server
    this.#wake?.()
  }

  /** Waits until there is a server, for `timeout` milliseconds at most. */
  async wait(timeout: number): Promise<Server | undefined> {
    if (this.#server) return this.#server
    let timer: NodeJS.Timeout | undefined
    await new Promise<void>((resolve) => {
      this.#wake = resolve
      timer = setTimeout(resolve, timeout)
    })
    clearTimeout(timer)
    return this.#server
  }
}

const known = new Map<string, Listening>()

/** Folders with modules that import unit-http: CommonJS looks a name up once in a folder, and asks nobody for the next module in it. */
const importing = new Set<string>()

/** What is known of the module in a file, which a mount has loaded or is going to. */
export function listeningOf(file: string): Listening {
  const found = known.get(file) ?? new Listening(file)
  known.set(file, found)
  return found
}

/** A file imports unit-http. */
export function noteImport(url: string | undefined): void {
  if (url === undefined) return
  const file = fileOfScript(url)
  importing.add(dirname(file))
  for (const module of modulesOf([file])) listeningOf(module).noteImport()
}

/** A server is told to listen by the code that calls this; `by` is the file of the server's own. */
export function noteListening(server: Server, by: string): void {
  const files = callPlaces()
    .map(({ file }) => file)
    .filter((file) => file !== by && file !== import.meta.filename)
  for (const module of modulesOf(files)) listeningOf(module).note(server)
}

// Bodies in memory.
import type { Bodies, Body, BodyWriter } from './body.ts'

/** Keeps them. What is on its way counts apart: as much again. */
export class MemoryBodies implements Bodies {
  readonly #max: number
  #coming = 0

  /** @param max bytes */
  constructor(max: number) {
    this.#max = max
  }

  begin(): BodyWriter {
    const pieces: Uint8Array[] = []
    let size = 0
    const release = (): void => {
      this.#coming -= size
      size = 0
    }
    return {
      write: (bytes) => {
        if (this.#coming + bytes.byteLength > this.#max) return false
        this.#coming += bytes.byteLength
        size += bytes.byteLength
        // A copy: a piece keeps the whole read alive that it came in, and an app may write into its memory anew.
        pieces.push(Uint8Array.from(bytes))
        return true
      },
      finish: () => {
        const body = new MemoryBody(Buffer.concat(pieces))
        release()
        return body
      },
      abandon: () => {
        release()
        pieces.length = 0
      },
    }
  }
}

class MemoryBody implements Body {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  get size(): number {
    return this.bytes.byteLength
  }

  open(): Promise<undefined> {
    return Promise.resolve(undefined)
  }

  remove(): void {}
}

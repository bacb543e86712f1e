// Ways to cut bytes into pieces, reproducible by seed.

/** The seed of this run: printed in the names of the tests that use it; set SIDEGATE_SEED to repeat a run. */
export const seed: number = Number(process.env.SIDEGATE_SEED ?? Math.floor(Math.random() * 0x7fffffff))

/** Random numbers from 0 to 1 (mulberry32). */
export function random(from: number): () => number {
  let state = from
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A way to cut. */
export type Cut = (bytes: Uint8Array) => Uint8Array[]

export const whole: Cut = (bytes) => [bytes]

export const bytewise: Cut = (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))

/** Pieces of random sizes: many small ones, some large. */
export function randomly(next: () => number): Cut {
  return (bytes) => {
    const pieces: Uint8Array[] = []
    for (let at = 0; at < bytes.length;) {
      const size = 1 + Math.floor(next() ** 4 * Math.max(64, bytes.length / 2))
      pieces.push(bytes.subarray(at, at + size))
      at += size
    }
    return pieces
  }
}

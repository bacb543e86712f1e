// The codings themselves, by node:zlib.
import {
  brotliCompressSync,
  constants,
  createBrotliCompress,
  createGzip,
  createZstdCompress,
  gzipSync,
  zstdCompressSync,
  type BrotliCompress,
  type Gzip,
  type ZstdCompress,
} from 'node:zlib'
import type { Coding } from './negotiate.ts'

/** A stream that compresses. */
export type Encoder = BrotliCompress | Gzip | ZstdCompress

/** How hard each tries. */
export type Levels = Readonly<Record<Coding, number>>

/** What makes all that was written decodable. Of gzip the default would be a flush that begins anew, and be longer than what it compresses. */
export const FLUSH: Readonly<Record<Coding, number>> = {
  zstd: constants.ZSTD_e_flush,
  br: constants.BROTLI_OPERATION_FLUSH,
  gzip: constants.Z_SYNC_FLUSH,
}

/** Of streams of events, of which there are many that last: little memory each. */
const SMALL_ZSTD = 1
const SMALL_GZIP = { windowBits: 13, memLevel: 5 }

/** Compresses in one go. For what is so small that a thread would take longer. */
export function compressNow(coding: Coding, bytes: Uint8Array, levels: Levels): Buffer {
  if (coding === 'zstd') return zstdCompressSync(bytes, zstdOptions(levels.zstd))
  if (coding === 'br') return brotliCompressSync(bytes, brotliOptions(levels.br, bytes.byteLength))
  return gzipSync(bytes, { level: levels.gzip })
}

/** A stream of one coding. `small`: it lasts, and carries little at a time. */
export function encoder(coding: Coding, levels: Levels, small: boolean): Encoder {
  if (coding === 'zstd') return createZstdCompress(zstdOptions(small ? SMALL_ZSTD : levels.zstd))
  if (coding === 'br') return createBrotliCompress(brotliOptions(levels.br))
  return createGzip({ level: levels.gzip, ...(small && SMALL_GZIP) })
}

function zstdOptions(level: number): { params: Record<number, number> } {
  return { params: { [constants.ZSTD_c_compressionLevel]: level } }
}

function brotliOptions(level: number, size = 0): { params: Record<number, number> } {
  return { params: { [constants.BROTLI_PARAM_QUALITY]: level, [constants.BROTLI_PARAM_SIZE_HINT]: size } }
}

// A body without its content codings (RFC 9110 8.4): an app may send its XML compressed.
import type { InputType } from 'node:zlib'
import { Malformed } from './malformed.ts'

type Decode = (
  bytes: InputType,
  options: { maxOutputLength: number },
  done: (error: Error | null, result: Buffer) => void,
) => void

/** Loaded by the first body that is compressed. */
async function decoderOf(coding: string): Promise<Decode | undefined> {
  const zlib = await import('node:zlib')
  const decoders: Readonly<Record<string, Decode>> = {
    gzip: zlib.gunzip,
    'x-gzip': zlib.gunzip,
    deflate: zlib.inflate,
    br: zlib.brotliDecompress,
    zstd: zlib.zstdDecompress,
  }
  return Object.hasOwn(decoders, coding) ? decoders[coding] : undefined
}

/**
 * @param max bytes of what comes out
 * @returns undefined when there are more
 * @throws {Malformed}
 */
export async function decoded(body: Buffer, codings: string | undefined, max: number): Promise<Buffer | undefined> {
  let bytes = body
  const names = (codings ?? '').split(',').map((name) => name.trim().toLowerCase())
  for (const name of names.toReversed()) {
    if (name === '' || name === 'identity') continue
    const decode = await decoderOf(name)
    if (!decode) throw new Malformed(`the response has the content coding ${name}, which cannot be undone`)
    const whole = bytes
    const result = await new Promise<Buffer | undefined>((resolve, reject) => {
      decode(whole, { maxOutputLength: max }, (error, result) => {
        if (!error) return resolve(result)
        if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') return resolve(undefined)
        const message = `the response does not come out of its content coding ${name}: ${error.message}`
        reject(new Malformed(message))
      })
    })
    if (!result) return undefined
    bytes = result
  }
  return bytes
}

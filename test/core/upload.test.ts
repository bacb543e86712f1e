// Request bodies that were taken whole, and are sent more than once.
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { RequestBody } from '../../sidecar/body.ts'
import { Upload } from '../../sidecar/upload.ts'

async function rest(upload: Upload): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for (let piece = await upload.read(); piece; piece = await upload.read()) pieces.push(piece)
  return Buffer.concat(pieces)
}

test.for([0, 100_000])(
  'what is still being read when another try begins takes nothing from it (%i in memory)',
  async (memory) => {
    const bytes = randomBytes(300_000)
    const body = new RequestBody(undefined)
    body.push(bytes.subarray(0, 100_000))
    body.push(bytes.subarray(100_000))
    const upload = new Upload(body)
    const taken = upload.take({ memory, most: 1_000_000 })
    body.finish()
    expect(await taken).toBe(true)
    for (let count = 0; count < 5; count++) {
      for (let read = 0; read < count; read++) await upload.read()
      const before = upload.read()
      upload.rewind()
      expect((await rest(upload)).equals(bytes)).toBe(true)
      await before
      upload.rewind()
    }
    upload.close()
  },
)

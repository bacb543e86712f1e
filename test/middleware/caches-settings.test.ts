// What is said of wrong settings of the layers that compress, store and copy.
import { expect, test } from 'vitest'
import { createGateway, type Config } from '../../sidecar/index.ts'

test.each([
  [{ compress: ['deflate'] }, 'codings.0', 'it can be zstd, br, gzip'],
  [{ compress: [] }, 'codings', 'must have one entry or more'],
  [{ compress: { types: ['html'] } }, 'types.0', 'is a media type, such as text/html, text/* or *+json'],
  [{ compress: { zstd: 20 } }, 'zstd', 'must be <=19'],
  [{ cache: { bypass: ['session'] } }, 'bypass.0', 'is cookie:NAME, header:NAME, query:NAME or the name of a variable'],
  [{ cache: { key: ['X-Country'] } }, 'key.0', 'is the name of a variable, such as HTTP_X_COUNTRY'],
  [{ cache: { setCookie: true } }, 'setCookie', 'it can be refuse, strip, keep'],
  [{ cache: -1 }, 'ttl', 'must be >=0'],
  [{ cache: { maxAge: 1 } }, 'maxAge', 'there is no setting maxAge'],
  [{ mirror: 'next' }, 'to', 'is a path without a slash at its end, such as /next'],
  [{ mirror: '/next/' }, 'to', 'is a path without a slash at its end, such as /next'],
  [{ mirror: {} }, 'to', 'missing'],
  [{ mirror: { to: '/next', percent: 101 } }, 'percent', 'must be <=100'],
])('%j is refused at %s', async (entry, place, message) => {
  const config = { use: [entry], mounts: { '/': { respond: 204 } } } as unknown as Config
  const problems: unknown = await createGateway(config).then(
    () => undefined,
    (error: { problems: unknown }) => error.problems,
  )
  const path = `use.0.${Object.keys(entry)[0]}.${place}`
  expect(problems).toEqual([expect.objectContaining({ path, message: expect.stringContaining(message) })])
})

// Request bodies are taken before anything that is scarce is kept for them: a client that sends slowly keeps no worker and no script from
// others. An app is told the length of its body then, however it was sent.
import type { Exchange } from './exchange.ts'
import { bytes, memory } from './quantity.ts'
import { Upload, type SpoolBounds } from './upload.ts'

/** The settings of a mount that takes bodies first. */
export const bodyEntries = {
  maxSpool: bytes(
    100 * 1024 * 1024,
    'Request bodies are taken whole before the app runs, up to so many bytes. One that is said to be longer goes to the app as it comes; one without a length that turns out longer gets 413. 0: those without a length get 411.',
  ),
  spoolMemory: memory(256 * 1024, 'As many bytes of such a body stay in memory; the rest goes to a temporary file.'),
}

/** What the settings say. */
export interface BodySettings {
  readonly maxSpool: number
  readonly spoolMemory: number
}

/** The bounds as an Upload wants them. */
export function spoolBounds({ spoolMemory, maxSpool }: BodySettings): SpoolBounds {
  return { memory: spoolMemory, most: maxSpool }
}

/**
 * Has `exchange` hold a body that need not be waited for: the one that has arrived, or `exchange.upload`, which whoever reads it closes. Its
 * CONTENT_LENGTH is set when there was none.
 * @returns undefined when there is nothing to wait for
 * @throws {PeerError} LENGTH_REQUIRED, BODY_TOO_LARGE
 * @throws {GatewayError} SPOOL_FULL, SPOOL_FAILED
 */
export function takeBody(exchange: Exchange, bounds: SpoolBounds): Promise<void> | undefined {
  const { body } = exchange
  if (body.complete && body.length !== undefined) return undefined
  const upload = new Upload(body)
  upload.check(bounds)
  if (!body.complete) return take(exchange, upload, bounds)
  use(exchange, upload)
  return undefined
}

async function take(exchange: Exchange, upload: Upload, bounds: SpoolBounds): Promise<void> {
  if (await upload.take(bounds)) use(exchange, upload)
}

function use(exchange: Exchange, upload: Upload): void {
  exchange.upload = upload
  if (exchange.body.length === undefined && upload.length! > 0) {
    exchange.variables.CONTENT_LENGTH = String(upload.length)
  }
}

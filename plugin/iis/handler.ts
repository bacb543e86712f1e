// The process that IIS starts as a FastCGI application, by the lines that `sidegate plug iis` writes:
//
//     node.exe …\dist\plugin\iis\handler.js ADDRESS FOLDER [--start]
//
// It joins its standard input, which is a pipe to IIS, to the Sidegate at ADDRESS (`pipe:NAME`, `HOST:PORT`), logs into FOLDER\logs, and
// with --start starts a Sidegate in FOLDER when there is none. It ends when the pipe does. Beside main.ts of the command this is the only file that
// ends a process. Nothing is lost when IIS ends it without a word, and so the shutdown event of IIS is not waited for.
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Log } from '../../sidecar/log.ts'
import { RotatingFile } from '../../sidecar/rotating-file.ts'
import { openStandardInput } from '../../sidecar/standard-input.ts'
import { stackOf } from '../../sidecar/thrown.ts'
import { connectTo } from './handler/connect.ts'
import { Instance } from './handler/instance.ts'
import { readOptions, type Options } from './handler/options.ts'
import { SidegateStarter } from './handler/start.ts'

const own = fileURLToPath(import.meta.url)
const main = own.replace(/plugin([\\/])iis[\\/]handler(\.[jt]s)$/, 'sidecar$1main$2')
const LOG = 'sidegate-iis.log'

function openLog(folder: string): Log {
  const file = new RotatingFile(join(folder, LOG), ({ message }) => {
    if (folder !== tmpdir())
      tellElsewhere(`${join(folder, LOG)} cannot be written, requests are passed on all the same: ${message}`)
  })
  return new Log('text', file, file, false)
}

/** Where nothing else can be written: the folder for temporary files of the identity that this runs as. */
function tellElsewhere(message: string): void {
  try {
    openLog(tmpdir()).error(message, { pid: process.pid })
  } catch {
    // Nobody is left to tell.
  }
}

async function run({ endpoint, site, start }: Options): Promise<number> {
  const logs = join(site, 'logs')
  const log = openLog(logs)
  process.on('uncaughtException', (error) => {
    log.error('this should not happen, please report it', { pid: process.pid, detail: stackOf(error) })
    process.exit(1)
  })
  const starter = start ? new SidegateStarter({ main, site, logs }, log) : undefined
  const instance = new Instance(await openStandardInput(), () => connectTo(endpoint, starter), log)
  return instance.ended
}

try {
  process.exit(await run(readOptions(process.argv.slice(2))))
} catch (error) {
  const message = `the handler for IIS cannot start: ${(error as Error).message}`
  tellElsewhere(message)
  process.stderr.write(`${message}\n`)
  process.exit(1)
}

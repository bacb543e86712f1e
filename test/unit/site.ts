// A folder with a configuration of Sidegate, a Sidegate that serves it, and a stand-in for the Unit that it is to be plugged into.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, afterEach } from 'vitest'
import type { JsonObject } from '../../plugin/unit/json.ts'
import type { Context } from '../../sidecar/cli/command.ts'
import { run } from '../../sidecar/cli/run.ts'
import { kinds } from '../../sidecar/mounts/index.ts'
import { sidegate, type Ended } from '../cli/sidegate.ts'
import type { Answer } from '../conformance/answer.ts'
import { open } from '../conformance/client.ts'
import { freePort, startGateway, temporaryFolder, type TestGateway } from '../harness.ts'
import { StandIn, type StandInOptions } from './stand-in/control.ts'

/** What the tests of one file work with. */
export interface Site {
  readonly path: string
  /** Where Sidegate listens, as in its configuration. */
  readonly address: string
  /** Sidegate's address as Unit has it. */
  readonly proxy: string
  /** Writes a file of the folder. */
  write(name: string, text: string): void
  /** Writes the configuration; each mount says its own name. */
  mount(keys: readonly string[], more?: Readonly<Record<string, Record<string, unknown>>>, listener?: JsonObject): void
  /** Serves what is configured. */
  serve(): Promise<void>
  /** Starts a Unit, which ends with the test. */
  unit(options?: StandInOptions): Promise<StandIn>
  /** Runs a command line in this process: a process of its own takes a third of a second to start. */
  command(...words: string[]): Promise<Ended>
  /** As `command`, in a process of its own. */
  process(...words: string[]): Promise<Ended>
  /** Runs `sidegate plug unit --control … WORDS`. */
  plug(unit: StandIn, ...words: string[]): Promise<Ended>
}

export function newSite(): Site {
  const { path, remove } = temporaryFolder()
  const units: StandIn[] = []
  const gateways: TestGateway[] = []
  const address = `unix:${join(path, 's.sock')}`
  let mounts: Readonly<Record<string, Record<string, unknown>>> = {}
  afterEach(async () => {
    await Promise.all(gateways.splice(0).map((one) => one.stop()))
    for (const unit of units.splice(0)) await unit.stop()
  })
  afterAll(remove)
  const write = (name: string, text: string): void => writeFileSync(join(path, name), text)
  const command = (...words: string[]): Promise<Ended> => inProcess(words, path)
  return {
    path,
    address,
    proxy: `http://${address}`,
    write,
    mount(keys, more = {}, listener = {}) {
      mounts = { ...Object.fromEntries(keys.map((key) => [key, { respond: 200, body: `sidegate ${key}` }])), ...more }
      write('sidegate.config.json', JSON.stringify({ host: 'unit', listen: [{ address, ...listener }], mounts }))
    },
    async serve() {
      const served = Object.entries(mounts).map(([key, settings]) => {
        return { key, settings, kind: kinds.find(({ kind }) => kind in settings)! }
      })
      gateways.push(await startGateway({ listen: [address], mounts: served, directory: path, host: 'unit' }))
    },
    async unit(options) {
      const unit = await StandIn.start(options)
      units.push(unit)
      return unit
    },
    command,
    process: (...words) => sidegate(words, path),
    plug: (unit, ...words) => command('plug', 'unit', '--control', unit.address, ...words),
  }
}

async function inProcess(words: readonly string[], cwd: string): Promise<Ended> {
  const [out, err] = [new PassThrough(), new PassThrough()]
  const context: Context = {
    cwd,
    environment: {},
    stdin: new PassThrough().end(),
    stdout: out,
    stderr: err,
    onStopSignal: () => () => {},
    onUserSignal: () => () => {},
    beforeApps: async () => {},
    onOutputLost: () => {},
  }
  const code = await run(words, context)
  const said = (stream: PassThrough): string => String(stream.read() ?? '')
  return { code, out: said(out), err: said(err) }
}

/** A listener that nobody has. */
export async function freeListener(): Promise<string> {
  return `127.0.0.1:${await freePort()}`
}

/** What Unit answers there. */
export function ask(listener: string, target: string, host = 'any.example'): Promise<Answer> {
  return open({ address: listener, transport: 'http' }, { target, headers: [['Host', host]] }).whole()
}

// What a worker speaks that has many requests side by side: frames (wire/frames.ts) on its one connection.
import { notePiece } from '../../collector.ts'
import type { Door } from '../../carrier.ts'
import { UpstreamError } from '../../errors.ts'
import type { Exchange } from '../../exchange.ts'
import { writeDoor } from '../../frames/door.ts'
import { FrameOutput } from '../../frames/output.ts'
import type { LogFields, LogLevel } from '../../log.ts'
import type { ControlMessage, SupervisedProcess } from '../../processes/process.ts'
import { messageOf } from '../../thrown.ts'
import { FRAME, FROM_WORKER, FrameReader, type FrameSink } from '../../wire/frames.ts'
import type { LinkEnd, Links, Report, Speech } from '../link.ts'
import type { Dialect, StackTeller } from './dialect.ts'
import { FramesLink, type Host } from './link.ts'
import { Silence, type Silent } from './silence.ts'

/** Bytes of a response, and of a request's body, that may be under way. */
const WINDOW = 256 * 1024
/** The same where so many requests are open that all of them together could be too much. */
const WINDOW_OF_MANY = 32 * 1024
const MANY = 64

/** How workers are spoken to. */
export interface FramesOptions {
  /** Requests at the same time in one. */
  readonly requests: number
  /** Milliseconds after which one that does not answer is given up. */
  readonly silence: number
  readonly dialect: Dialect
}

class FramesLinks implements Links, Host, FrameSink, Silent {
  readonly all: readonly FramesLink[]
  readonly output: FrameOutput
  readonly dialect: Dialect
  readonly #process: SupervisedProcess
  readonly #end: LinkEnd
  readonly #patience: number
  readonly #reader = new FrameReader(this, FROM_WORKER)
  readonly #byId = new Map<number, FramesLink>()
  readonly #silence = new Silence(this)
  readonly #stacks: StackTeller
  /** Done when its silence is in the log. */
  #told: Promise<void> = Promise.resolve()
  #ids = 0
  #door: Door | undefined
  #doorText = ''
  #isRetired = false
  #isLost = false

  constructor(process: SupervisedProcess, end: LinkEnd, { requests, silence, dialect }: FramesOptions) {
    this.#process = process
    this.#stacks = dialect.stacks(process)
    this.#end = end
    this.#patience = silence
    this.dialect = dialect
    this.all = Array.from({ length: requests }, (_, index) => new FramesLink(index, this))
    const [socket] = process.connections
    this.output = new FrameOutput(socket!)
    socket!.on('data', this.#receive)
    if (dialect.opening) this.output.bytes(FRAME.open, 0, Buffer.from(JSON.stringify(dialect.opening)))
    socket!.once('end', this.#lose).once('close', this.#lose)
  }

  ready(message: ControlMessage): void {
    this.#stacks.ready?.(message)
  }

  get pid(): number | undefined {
    return this.#process.pid
  }

  get window(): number {
    return this.#byId.size > MANY ? WINDOW_OF_MANY : WINDOW
  }

  get isBusy(): boolean {
    return this.#byId.size > 0
  }

  get isSilent(): boolean {
    return this.#silence.isSilent
  }

  enter(link: FramesLink): number {
    do this.#ids = (this.#ids + 1) >>> 0
    while (this.#ids === 0 || this.#byId.has(this.#ids))
    this.#byId.set(this.#ids, link)
    this.#silence.begin()
    return this.#ids
  }

  leave(link: FramesLink, id: number): void {
    this.#byId.delete(id)
    this.#end.released(link)
  }

  cancelled(): void {
    this.#end.cancelled()
  }

  late(id: number): void {
    if (this.dialect.interrupts) this.#process.tell({ type: 'late', request: id })
  }

  doorOf({ door }: Exchange): string {
    if (door !== this.#door) {
      this.#door = door
      this.#doorText = writeDoor(door)
    }
    return this.#doorText
  }

  retire(): void {
    if (this.#isRetired) return
    this.#isRetired = true
    // Its connection ends now: it could be asked nothing more.
    this.#silence.close()
    this.output.bare(FRAME.retire, 0)
    this.output.flush()
  }

  frame(type: number, id: number, payload: Buffer): void {
    const link = this.#byId.get(id)
    // Bytes that nobody waits for may be anything: they are no answer.
    if (link || type !== FRAME.data) this.#silence.heard()
    if (link) link.frame(type, payload)
    else if (id === 0 && type === FRAME.report) this.#report(payload)
  }

  ask(): void {
    this.output.bare(FRAME.ping, 0)
  }

  silent(milliseconds: number, first: boolean): void {
    if (first) this.#told = this.#tellSilence(milliseconds)
    if (milliseconds < this.#patience) return
    // By then it is known which request is not to be tried elsewhere.
    void this.#told.then(() => this.isSilent && this.#end.silent(milliseconds))
  }

  isBack(): void {
    this.#end.heard()
  }

  heard(message: ControlMessage): void {
    this.#stacks.heard(message)
  }

  async stack(): Promise<string> {
    return (await this.#stacks.ask(this.isSilent)).text
  }

  readonly #receive = (bytes: Buffer): void => {
    notePiece(bytes.byteLength)
    try {
      this.#reader.receive(bytes)
    } catch (error) {
      // What an app wrote to this descriptor by itself.
      this.#end.lost(this.all[0]!, new UpstreamError('WORKER_DIED', messageOf(error)))
    }
  }

  readonly #lose = (): void => {
    if (this.#isLost) return
    this.#isLost = true
    this.#silence.close()
    this.#end.lost(this.all[0]!, undefined)
  }

  /** The log says at once where it hangs, and by which request: nobody may be there to ask before it is killed. */
  async #tellSilence(milliseconds: number): Promise<void> {
    const { text, request } = await this.#stacks.ask(true)
    const hanging = [...this.#byId.values()].find(({ exchange }) => exchange?.id === request)
    hanging?.accuse()
    const { method, uri } = hanging?.exchange?.logged ?? {}
    const most = this.#patience / 1000
    const message = `the worker does not answer for ${Math.round(milliseconds / 1000)} s, with ${this.#byId.size} requests: it gets no others, and is killed when it is not back after ${most} s (stuckTimeout)`
    const fields = { code: 'WORKER_STUCK', request, method, uri, detail: text }
    this.#end.reported({ type: 'record', level: 'warn', message, fields }, request)
  }

  #report(payload: Buffer): void {
    const said = JSON.parse(payload.toString()) as Said
    if ('stream' in said) {
      const report: Report = { type: 'output', stream: said.stream, text: said.text }
      return this.#end.reported(report, said.request)
    }
    const { level, message, fields } = said
    this.#end.reported({ type: 'record', level, message, fields }, fields.request)
  }
}

/** What a worker reports: text that a request wrote, or a record for the log. */
type Said =
  | { stream: 'stdout' | 'stderr'; text: string; request: string }
  | { level: LogLevel; message: string; fields: LogFields }

/** The links of such workers. */
export function frames(options: FramesOptions): Speech {
  return (process, end) => new FramesLinks(process, end, options)
}

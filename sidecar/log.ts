// The two kinds of records: one access record a request (stdout), one error record an error (stderr); and what workers print.
// Text or JSON, one line each: whatever a peer or an app puts into a field (line.ts).
import { indented, jsonLine, linesOf, quoted, word } from './line.ts'

/** `combined`: access records as Apache and nginx have them, all else as text. */
export type LogFormat = 'text' | 'json' | 'combined'

/** One request that is over. Sizes in bytes, times in milliseconds. */
export interface AccessRecord {
  time: Date
  request: string
  protocol: string
  remote: string
  method: string
  host: string
  /** REQUEST_URI as the client sent it. */
  uri: string
  status: number
  received: number
  sent: number
  milliseconds: number
  mount: string
  /** REMOTE_USER. */
  user?: string | undefined
  /** What the client spoke: `HTTP/1.1`. */
  version?: string | undefined
  referer?: string | undefined
  agent?: string | undefined
  /** Stable code of what went wrong, if anything did. */
  code?: string | undefined
}

/** Something that is worth a line: who is at fault, what, where, and the way out. Only what is known is set. */
export interface LogFields {
  code?: string | undefined
  blame?: string | undefined
  request?: string | undefined
  method?: string | undefined
  uri?: string | undefined
  mount?: string | undefined
  listener?: string | undefined
  peer?: string | undefined
  pid?: number | undefined
  /** The server behind a mount, as its address is written. */
  upstream?: string | undefined
  stream?: 'stdout' | 'stderr' | 'errors' | undefined
  /** More lines: a stack, a Python traceback. */
  detail?: string | undefined
}

export type LogLevel = 'info' | 'warn' | 'error'

/** From the one with most records to the one with fewest. */
export const LOG_LEVELS: readonly LogLevel[] = ['info', 'warn', 'error']

/** Where a log writes to; `write` as of process.stdout. */
export interface LogSink {
  write(text: string): unknown
}

/** Writes records. */
export class Log {
  readonly #out: LogSink
  readonly #err: LogSink
  readonly #json: boolean
  readonly #accessLine: (record: AccessRecord) => string
  /** Whether access records are written at all. */
  readonly wantsAccess: boolean
  /** From which level on there are records; access records are always there. */
  level: LogLevel = 'info'
  #pending = ''
  #scheduled = false

  constructor(format: LogFormat, out: LogSink = process.stdout, err: LogSink = process.stderr, access = true) {
    this.#json = format === 'json'
    this.#accessLine = { text: accessText, json: accessJson, combined: accessCombined }[format]
    this.#out = out
    this.#err = err
    this.wantsAccess = access
  }

  /** One line for a request that is over; gathered and written once per turn of the event loop. */
  access(record: AccessRecord): void {
    if (!this.wantsAccess) return
    this.#pending += this.#accessLine(record)
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#flush)
  }

  info(message: string, fields: LogFields = {}): void {
    this.#line('info', message, fields)
  }

  warn(message: string, fields: LogFields = {}): void {
    this.#line('warn', message, fields)
  }

  error(message: string, fields: LogFields = {}): void {
    this.#line('error', message, fields)
  }

  /** Writes what is pending; for the end of the process. */
  readonly #flush = (): void => {
    this.#scheduled = false
    const text = this.#pending
    this.#pending = ''
    if (text) this.#out.write(text)
  }

  flush(): void {
    this.#flush()
  }

  #line(level: LogLevel, message: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(this.level)) return
    const time = new Date().toISOString()
    if (this.#json) {
      this.#err.write(jsonLine({ time, level, message, ...fields }))
      return
    }
    const { detail, ...rest } = fields
    const [first = '', ...more] = linesOf(message)
    let line = `${time} ${level} ${first}`
    for (const [name, value] of Object.entries(rest)) if (value !== undefined) line += ` ${name}=${word(String(value))}`
    const below = detail ? [...more, detail] : more
    if (below.length > 0) line += `\n${indented(below.join('\n'))}`
    this.#err.write(`${line}\n`)
  }
}

function accessJson(record: AccessRecord): string {
  return jsonLine({ ...record, time: record.time.toISOString() })
}

function accessText(r: AccessRecord): string {
  const request = quoted(`${r.method} ${r.uri}`)
  const tail = (r.code === undefined ? '' : ` ${r.code}`) + (r.user ? ` user=${word(r.user)}` : '')
  return (
    `${stamp(r.time)} ${wordOf(r.remote)} ${r.protocol} ${wordOf(r.host)} ${request} ${r.status} ${r.sent} ` +
    `${r.milliseconds.toFixed(1)}ms ${wordOf(r.mount)} ${r.request}${tail}\n`
  )
}

/** The `combined` of Apache (mod_log_config, LogFormat) and nginx, in UTC. What a peer may write is quoted as Apache does it. */
function accessCombined(r: AccessRecord): string {
  const request = quoted(`${r.method} ${r.uri}${r.version ? ` ${r.version}` : ''}`)
  const size = r.sent === 0 ? '-' : r.sent
  return (
    `${wordOf(r.remote)} - ${wordOf(r.user ?? '')} [${clock(r.time)}] ${request} ${r.status} ${size} ` +
    `${quoted(r.referer || '-')} ${quoted(r.agent || '-')}\n`
  )
}

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** `02/Jan/2026:03:04:05 +0000` */
function clock(time: Date): string {
  const text = stamp(time)
  return `${text.slice(8, 10)}/${MONTHS[time.getUTCMonth()]}/${text.slice(0, 4)}:${text.slice(11, 19)} +0000`
}

let stampedSecond = -1
let stampText = ''

function stamp(time: Date): string {
  const second = Math.floor(time.getTime() / 1000)
  if (second !== stampedSecond) {
    stampedSecond = second
    stampText = `${time.toISOString().slice(0, 19)}Z`
  }
  return stampText
}

function wordOf(text: string): string {
  return text === '' ? '-' : word(text)
}

// The way by which a gateway says what goes without a socket: lines of JSON on a file descriptor of its own. Node.js' channel, which sockets need, drops
// what comes in one read with a line that is no JSON, and after half a line all that follows; and apps do write to the first descriptor that is
// none of the standard streams. Here such a line costs nothing but itself.
import { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { Lines } from '../lines.ts'
import type { Report } from './orders.ts'

/** Its number in a gateway. */
export const REPORT_FD = 3

/** Characters of one report: that of thousands of requests in flight is shorter. */
const REPORT_MAX = 16 * 1024 * 1024

/** Characters of what is none that are shown. */
const SHOWN = 80

/** A gateway's end. */
export class ReportLine {
  readonly #socket: Socket

  constructor(fd: number) {
    this.#socket = new Socket({ fd, readable: false, writable: true }).unref()
    // Where the supervisor is no more, that is told otherwise.
    this.#socket.on('error', () => {})
  }

  /** Says one; `done` is called once it is said, or never will be. */
  say(report: Report, done: () => void): void {
    // What another has written before may have no end.
    this.#socket.write(`\n${JSON.stringify(report)}\n`, () => done())
  }
}

/**
 * Reads what a gateway says.
 * @param fault hears of what is no report, and of what `take` throws
 */
export function readReports(from: Readable, take: (report: Report) => void, fault: (error: unknown) => void): void {
  const lines = new Lines((line) => {
    try {
      take(reportIn(line))
    } catch (error) {
      fault(error)
    }
  }, REPORT_MAX)
  from.on('data', (bytes: Buffer) => lines.push(bytes)).on('error', () => {})
}

/** @throws {Error} for a line that is none */
function reportIn(line: string): Report {
  try {
    const report = JSON.parse(line) as Report | null
    if (typeof report?.type === 'string') return report
  } catch {
    // Told below.
  }
  const shown = JSON.stringify(line.slice(0, SHOWN))
  throw new Error(`file descriptor ${REPORT_FD} of a gateway is for its reports, and an app has written ${shown} there`)
}

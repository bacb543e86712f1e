// What a Python worker speaks: FastCGI on its connections, requests without a body by pipes beside them, `serve` and `abort` on the control
// channel. A worker of another language that does the same is spoken to by the same links.
import type { ControlMessage, SupervisedProcess } from '../../processes/process.ts'
import { PythonStacks } from '../python-stacks.ts'
import type { LinkEnd, Links, Speech, Turns } from '../link.ts'
import { FastcgiLink } from './link.ts'
import { RequestPipe } from './request-pipe.ts'

class FastcgiLinks implements Links {
  readonly all: readonly FastcgiLink[]
  readonly #process: SupervisedProcess
  readonly #stacks: PythonStacks

  constructor(process: SupervisedProcess, end: LinkEnd, turns: Turns) {
    this.#process = process
    this.#stacks = new PythonStacks(process)
    this.all = process.connections.map((socket, index) => new FastcgiLink(socket, index, process, end, turns))
  }

  /** Opens the worker's pipes for requests, one a connection; without them requests go by the connections. */
  ready(message: ControlMessage): void {
    const { pid, requests } = message
    this.#stacks.ready(message)
    const named = Array.isArray(requests) ? (requests as readonly (readonly [number, number])[]) : []
    const pipes = named.flatMap(([descriptor, inode]) => RequestPipe.open(Number(pid), descriptor, inode) ?? [])
    const whole = pipes.length === this.all.length
    for (const [index, pipe] of pipes.entries()) {
      if (whole) this.all[index]!.use(pipe)
      else pipe.close()
    }
    this.#process.tell({ type: 'serve', pipes: whole })
  }

  heard(message: ControlMessage): void {
    this.#stacks.heard(message)
  }

  async stack(): Promise<string> {
    return (await this.#stacks.ask()).text
  }
}

/** The links of workers that speak FastCGI. */
export const fastcgi: Speech = (process, end, turns) => new FastcgiLinks(process, end, turns)

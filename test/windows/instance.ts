// An instance of a FastCGI application as IIS starts it, by the stand-in for IIS (instance.c): a process with one end of a pipe as its standard
// input. Here is the other end.
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { INSTANCE } from './places.ts'
import { windowsPath, WindowsProgram } from './wine.ts'

/** What is registered with IIS, and how IIS goes about it. */
export interface InstanceOptions {
  /** The program, as a path of this machine. */
  readonly fullPath: string
  /** One text, as in `arguments` of applicationHost.config. */
  readonly arguments: string
  readonly environment?: Readonly<Record<string, string>> | undefined
  /** A path of this machine. */
  readonly cwd?: string | undefined
  /**
   * When IIS connects to the pipe: before it starts the process, right after, or as late as `connect` is called. Default: `started`.
   */
  readonly connects?: 'first' | 'started' | 'later' | undefined
  /** `signalBeforeTerminateSeconds` is set: there is an event. Default: false. */
  readonly event?: boolean | undefined
  /** The process's end of the pipe is made without FILE_FLAG_OVERLAPPED. Default: false. */
  readonly blocking?: boolean | undefined
  /** Standard output and standard error go to this file of this machine. Default: they are invalid handles, as under IIS. */
  readonly log?: string | undefined
}

/** A process with its pipe. */
export class Instance {
  /** The bytes of the pipe. Its end closes the pipe; when the process closes the pipe, it ends. */
  readonly pipe: Socket
  /** The process id, as Windows counts them. */
  readonly pid: number
  /** The exit code. */
  readonly exited: Promise<number>
  /** The process has ended. */
  ended = false
  readonly #program: WindowsProgram
  readonly #control: Socket
  readonly #lines: LineWaits

  private constructor(program: WindowsProgram, pipe: Socket, control: Socket, lines: LineWaits, pid: number) {
    this.#program = program
    this.pipe = pipe.on('error', () => {})
    this.#control = control
    this.#lines = lines
    this.pid = pid
    this.exited = lines.wait('exit').then(([code]) => {
      this.ended = true
      return Number(code)
    })
    // whoever is interested asks
    this.exited.catch(() => {})
  }

  /** Starts the process. @throws {Error} when it cannot be started. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const { connects = 'started', event, blocking, log, cwd, environment } = options
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const sockets = socketsOf(server)
    const words = [
      INSTANCE,
      String(port),
      ...(connects === 'first' ? ['first'] : []),
      ...(event ? ['event'] : []),
      ...(blocking ? ['blocking'] : []),
      ...(log ? [`log=${windowsPath(log)}`] : []),
      ...(cwd ? [`cwd=${windowsPath(cwd)}`] : []),
      '--',
      windowsPath(options.fullPath),
      options.arguments,
    ]
    const program = new WindowsProgram(words, environment ? { env: environment } : {})
    const early = program.exited.then((code) => {
      throw new Error(`instance.exe ended with code ${code}:\n${program.output}`)
    })
    try {
      const { data, control } = await Promise.race([sockets, early])
      const lines = new LineWaits(control)
      const [pid] = await lines.wait('pid')
      const instance = new Instance(program, data, control, lines, Number(pid))
      if (connects === 'first') await lines.wait('connected')
      if (connects === 'started') await instance.connect()
      return instance
    } catch (error) {
      await program.kill()
      throw error
    } finally {
      early.catch(() => {})
      server.close()
    }
  }

  /** IIS connects to the pipe. @throws {Error} when nobody has the other end any more. */
  async connect(): Promise<void> {
    this.#control.write('connect\n')
    await this.#lines.wait('connected')
  }

  /** Signals the event. */
  signal(): void {
    this.#control.write('event\n')
  }

  /** TerminateProcess. */
  async kill(): Promise<void> {
    this.killOther(this.pid)
    // Who hears of the end of the pipe first may stop this one, and then there is no line any more.
    await Promise.race([this.exited, this.#program.exited])
  }

  /** TerminateProcess of another process of Windows; one that is gone is none. */
  killOther(pid: number): void {
    this.#control.write(`kill ${pid}\n`)
  }

  /** How many handles a process of Windows has open; 0 when there is none. Default: this one. */
  async handles(pid: number = this.pid): Promise<number> {
    this.#control.write(`handles ${pid}\n`)
    return Number((await this.#lines.wait(`handles ${pid}`))[0])
  }

  /** Closes the pipe and ends the process, if it has not ended. */
  async stop(): Promise<void> {
    this.pipe.destroy()
    this.#control.destroy()
    await this.#program.exited
  }
}

/** The lines that instance.exe gives, each waited for by its first word or words. */
class LineWaits {
  readonly #waits = new Map<string, { resolve: (words: string[]) => void; reject: (error: Error) => void }>()
  readonly #came: string[] = []

  constructor(control: Socket) {
    control.on('error', () => {})
    const lines = createInterface(control)
    lines.on('line', (line) => this.#take(line))
    lines.on('close', () => this.#fail(new Error('instance.exe is gone')))
  }

  /** The words behind `start` in the next line that starts so, or in one that came already and nobody waited for. */
  wait(start: string): Promise<string[]> {
    return new Promise((resolve, reject) => {
      this.#waits.set(start, { resolve, reject })
      for (const line of this.#came.splice(0)) this.#take(line)
    })
  }

  #take(line: string): void {
    if (line.startsWith('error ')) return this.#fail(new Error(`instance.exe: ${line}`))
    for (const [start, { resolve }] of this.#waits) {
      if (line !== start && !line.startsWith(`${start} `)) continue
      this.#waits.delete(start)
      return resolve(line.slice(start.length + 1).split(' '))
    }
    this.#came.push(line)
  }

  #fail(error: Error): void {
    for (const { reject } of this.#waits.values()) reject(error)
    this.#waits.clear()
  }
}

/** The two connections of instance.exe, told apart by their first byte. */
function socketsOf(server: ReturnType<typeof createServer>): Promise<{ data: Socket; control: Socket }> {
  return new Promise((resolve) => {
    const found: Record<string, Socket> = {}
    server.on('connection', (socket) => {
      socket.setNoDelay().once('readable', () => {
        found[String(socket.read(1))] = socket
        if (found.D && found.C) resolve({ data: found.D, control: found.C })
      })
    })
  })
}

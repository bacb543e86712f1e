// What IIS does, on a system without it: starts a process with one end of a connection as its standard input, and speaks FastCGI on the
// other end, one request behind the other. A Unix socket stands for the pipe; test/windows/ has the real thing.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { temporaryFolder } from '../harness.ts'
import { FastcgiClient } from '../../sidecar/wire/fastcgi-client.ts'
import type { Variables } from '../../sidecar/variables.ts'

/** A response as it came. */
export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What a request is made of. */
export interface Asked {
  readonly path?: string
  readonly method?: string
  readonly body?: Uint8Array
  readonly variables?: Variables
}

/** The variables of a request for `path`, as IIS has them for an application at the root of a site. */
export function iisVariables({ path = '/', method = 'GET', body, variables = {} }: Asked): Variables {
  return {
    REQUEST_METHOD: method,
    SCRIPT_NAME: path,
    PATH_INFO: path,
    URL: path,
    QUERY_STRING: '',
    REQUEST_URI: path,
    SERVER_PROTOCOL: 'HTTP/1.1',
    SERVER_NAME: 'localhost',
    SERVER_PORT: '80',
    SERVER_SOFTWARE: 'Microsoft-IIS/10.0',
    REMOTE_ADDR: '192.0.2.9',
    HTTPS: 'off',
    HTTP_HOST: 'localhost',
    CONTENT_LENGTH: body ? String(body.length) : '',
    ...variables,
  }
}

/** A process and its pipe. */
export class Instance {
  readonly child: ChildProcess
  /** Its exit code, or the signal that ended it. */
  readonly exited: Promise<number | string>
  readonly pipe: Socket
  #codec = new FastcgiClient()
  #take: (bytes: Buffer) => void = () => {}
  #fail: (error: Error) => void = () => {}

  private constructor(child: ChildProcess, pipe: Socket) {
    this.child = child
    this.pipe = pipe
    this.exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve(code ?? signal!)))
    pipe.on('data', (bytes: Buffer) => this.#take(bytes))
    pipe.on('error', (error) => this.#fail(error))
    pipe.on('close', () => this.#fail(new Error('the pipe has ended')))
  }

  static async start(words: readonly string[], cwd: string, environment: NodeJS.ProcessEnv = {}): Promise<Instance> {
    const folder = temporaryFolder()
    const server = createServer({ pauseOnConnect: true })
    server.listen(join(folder.path, 'pipe'))
    await once(server, 'listening')
    const pipe = connect(join(folder.path, 'pipe'))
    const [end] = (await once(server, 'connection')) as [Socket]
    const child = spawn(process.execPath, words, {
      cwd,
      env: { ...process.env, ...environment },
      stdio: [end, 'ignore', 'ignore'],
    })
    end.destroy()
    server.close()
    folder.remove()
    return new Instance(child, pipe)
  }

  /** Sends a request and gives the answer. @throws {Error} when the pipe ends before that is complete */
  async ask(asked: Asked = {}): Promise<Answer> {
    const answer = this.answer()
    this.send(asked)
    return answer
  }

  /** Sends a request. `part`: with the end of its body missing. */
  send(asked: Asked = {}, part = false): void {
    const { body } = asked
    this.pipe.write(this.#codec.request(iisVariables(asked), body ? body.length : 0))
    if (!body) return
    for (const piece of this.#codec.data(part ? body.subarray(0, body.length >> 1) : body)) this.pipe.write(piece)
    if (!part) this.pipe.write(this.#codec.finish()!)
  }

  /** Takes the request under way back. */
  abort(): void {
    this.pipe.write(this.#codec.abort())
  }

  /** The answer to the request that is sent. */
  answer(): Promise<Answer> {
    return new Promise((resolve, reject) => {
      let status = 0
      let headers: Record<string, string> = {}
      let body = ''
      this.#fail = reject
      const take = (bytes: Buffer): void => {
        for (const event of this.#codec.receive(bytes)) {
          if (event.type === 'head') {
            status = event.head.status
            headers = Object.fromEntries(event.head.headers.map(([name, value]) => [name.toLowerCase(), value]))
          } else if (event.type === 'body') body += Buffer.from(event.bytes).toString('latin1')
          else if (event.type === 'end') {
            this.#codec = new FastcgiClient()
            resolve({ status, headers, body })
          }
        }
      }
      this.#take = (bytes) => {
        try {
          take(bytes)
        } catch (error) {
          this.#codec = new FastcgiClient()
          reject(error as Error)
        }
      }
    })
  }

  /** Ends the pipe, as IIS does with a process that it needs no more. */
  async end(): Promise<number | string> {
    this.pipe.destroy()
    return this.exited
  }

  /** Ends it without a word. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL')
    await this.exited
    this.pipe.destroy()
  }
}

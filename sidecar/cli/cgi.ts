// sidegate cgi: serves the one request that a web server started this process for, then ends. For hosts that can do nothing but CGI.
import { Console } from 'node:console'
import type { Writable } from 'node:stream'
import { hosts } from '../../plugin/index.ts'
import { problemsOf } from '../problem.ts'
import { SidegateError } from '../errors.ts'
import { CgiDoor } from '../listen/cgi.ts'
import { Log } from '../log.ts'
import { settledWithin } from '../settled.ts'
import { statusFieldHead } from '../wire/head.ts'
import { EXIT, text, UsageError, type Call, type Command } from './command.ts'
import { configOptions, foreignWords, prepare } from './config-options.ts'
import { gatewayOf } from '../library/gateway.ts'

/** Mounts with processes get so long to stop them, in milliseconds: a host waits for this process to end. */
const CLOSE_TIMEOUT = 5000

export const cgi: Command = {
  name: 'cgi',
  summary: 'Serve one request as a CGI program, then end.',
  synopsis: '[TARGET…] [options]',
  positionals: { min: 0, max: Infinity },
  options: configOptions
    .filter(({ name }) => name !== 'listen' && name !== 'trust')
    .map((option) =>
      option.name === 'host' ? { ...option, default: 'none: variables are taken as they come' } : option,
    ),
  foreign: foreignWords,
  examples: [
    [
      '#!/bin/sh\nexec sidegate cgi --config /srv/site/sidegate.config.ts',
      'a script in cgi-bin (docs/cgi.md; the relay of `sidegate plug cgi` is faster)',
    ],
  ],
  async run(call: Call): Promise<number> {
    const { context } = call
    if (!context.environment.REQUEST_METHOD) {
      throw new UsageError(
        'this is for web servers: REQUEST_METHOD is not in the environment. To serve, sidegate serve',
        'cgi',
      )
    }
    // What an app prints is not its response.
    globalThis.console = new Console(context.stderr)
    try {
      return await serve(call)
    } catch (error) {
      await refuse(context.stdout, error)
      throw error
    }
  },
}

async function serve(call: Call): Promise<number> {
  const { context, options } = call
  const prepared = await prepare(call)
  const { config } = prepared
  const log = new Log(config.log.format, context.stderr, context.stderr, false)
  const gateway = gatewayOf({ ...prepared, config: { ...config, listen: [] } }, log)
  const host = text(options, 'host')
  // A host that obeys RFC 3875 needs no repair, so none is made unless it is asked for.
  const repair = host === undefined ? undefined : hosts.find(({ name }) => name === host)?.repair
  const door = new CgiDoor(context, gateway)
  // An app may wait for nothing that keeps a process alive, such as its client going away; the host bounds the time.
  const alive = setInterval(() => {}, 60_000)
  const stop = context.onStopSignal((signal) => door.abort(`the host sent ${signal}`))
  try {
    await gateway.start()
    return (await door.serve(context, repair)) ? EXIT.ok : EXIT.failed
  } finally {
    stop()
    clearInterval(alive)
    await settledWithin(CLOSE_TIMEOUT, gateway.close())
  }
}

/** A response for a request that could not be handled: without one, hosts tell of a broken script and no more. */
async function refuse(stdout: Writable, error: unknown): Promise<void> {
  const code = problemsOf(error)?.[0]?.code ?? (error instanceof SidegateError ? error.code : 'INTERNAL')
  const status = error instanceof SidegateError ? error.status : 500
  const head = {
    status,
    reason: status === 500 ? 'Internal Server Error' : 'Error',
    headers: [['Content-Type', 'text/plain']] as const,
  }
  await new Promise<void>((resolve) => {
    stdout.write(`${statusFieldHead(head)}${status}\n${code}: see the error log of the web server\n`, () => resolve())
  })
}

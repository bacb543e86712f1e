// A Sidegate on node.exe.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MAIN } from '../built.ts'
import { temporaryFolder } from '../harness.ts'
import { nodeExe, type NodeVersion } from './places.ts'
import { windowsPath, WindowsProgram } from './wine.ts'

/** How to start it. */
export interface WindowsGatewayOptions {
  /** As in a configuration file, with `listen`. */
  readonly config: Readonly<Record<string, unknown>>
  /** Default: 24.21.0. */
  readonly version?: NodeVersion
  readonly env?: Readonly<Record<string, string>>
}

/** It runs. */
export interface WindowsGateway {
  /** The ports of 127.0.0.1 on which it listens, in the order of `listen`. */
  readonly ports: readonly number[]
  /** Everything it has printed. */
  readonly output: string
  /** Ends it as TerminateProcess does. */
  kill(): Promise<void>
}

/** Starts it, and waits until it serves. */
export async function startWindowsGateway(options: WindowsGatewayOptions): Promise<WindowsGateway> {
  const { config, version = '24.21.0', env } = options
  const folder = temporaryFolder()
  const file = join(folder.path, 'sidegate.config.json')
  writeFileSync(file, JSON.stringify(config))
  const words = [nodeExe(version), windowsPath(MAIN), 'serve', '--config', windowsPath(file)]
  const program = new WindowsProgram([...words, '--log-format', 'json'], { cwd: folder.path, ...(env ? { env } : {}) })
  const kill = async (): Promise<void> => {
    await program.kill()
    folder.remove()
  }
  let addresses: string
  try {
    addresses = (await program.said(/listening on ([^;]*); mounted/))[1]!
  } catch (error) {
    await kill()
    throw error
  }
  return {
    ports: Array.from(addresses.matchAll(/127\.0\.0\.1:([0-9]+)/g), ([, port]) => Number(port)),
    get output() {
      return program.output
    },
    kill,
  }
}
